/**
 * Takes the right to open network sockets from this process or thread, for good, by a seccomp filter of the Linux kernel.
 * Covers: socket() of every family but AF_UNIX, by JavaScript or native code, io_uring (which could open one unseen), the
 * other system-call tables of the processor, and taking a socket over from another process (ptrace, pidfd_getfd,
 * process_vm_writev). Programs started from here inherit it. Needs no root. Does not cover: sockets that were open before,
 * Unix sockets of daemons that would dial for whoever asks, and systems other than Linux on x86-64 and ARM64.
 */
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';

export type Confinement =
  | { readonly confined: true; readonly by: 'seccomp' }
  | { readonly confined: false; readonly why: string };

interface Machine {
  readonly audit: number;
  readonly socket: number;
  readonly seccomp: number;
  /** Refused whole, by number. */
  readonly refused: readonly number[];
  /** First number of a second table of calls that would go round the filter. */
  readonly otherTable: number | undefined;
}

// Numbers of the kernel's tables: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
const machines: Readonly<Record<string, Machine>> = {
  x64: { audit: 0xc000003e, socket: 41, seccomp: 317, refused: [101, 311, 425, 438], otherTable: 0x40000000 },
  arm64: { audit: 0xc00000b7, socket: 198, seccomp: 277, refused: [117, 271, 425, 438], otherTable: undefined },
};

const AF_UNIX = 1;
const EPERM = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K
const ALLOW = 0x7fff0000;
const REFUSE = 0x00050000 | EPERM;
const numberAt = 0;
const auditAt = 4;
const firstArgumentAt = 16;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** The filter as the kernel reads it: 8 bytes an instruction. */
export function filterProgram({ audit, socket, refused, otherTable }: Machine): Buffer {
  const tests: Instruction[] = [];
  const refuse: Instruction = [RETURN, 0, 0, REFUSE];
  tests.push([LOAD, 0, 0, auditAt], [EQUAL, 1, 0, audit], refuse, [LOAD, 0, 0, numberAt]);
  if (otherTable !== undefined) tests.push([AT_LEAST, 0, 1, otherTable], refuse);
  for (const number of refused) tests.push([EQUAL, 0, 1, number], refuse);
  tests.push([EQUAL, 1, 0, socket], [RETURN, 0, 0, ALLOW]);
  tests.push([LOAD, 0, 0, firstArgumentAt], [EQUAL, 1, 0, AF_UNIX], refuse, [RETURN, 0, 0, ALLOW]);
  const program = Buffer.alloc(tests.length * 8);
  for (const [at, [code, ifTrue, ifFalse, value]] of tests.entries()) {
    program.writeUInt16LE(code, at * 8);
    program.writeUInt8(ifTrue, at * 8 + 2);
    program.writeUInt8(ifFalse, at * 8 + 3);
    program.writeUInt32LE(value, at * 8 + 4);
  }
  return program;
}

/** Confines the whole process. Cannot be undone. Where it cannot be done is told, not thrown: the caller goes on, and the doctor says it. */
export function confineProcess(): Confinement {
  return confine('process');
}

/**
 * Confines the thread that calls, alone. What a thread starts inherits its filter, so the pool of workers that all threads
 * of the process share, and that looks names up, is started before.
 */
export async function confineThread(): Promise<Confinement> {
  await stat(import.meta.dirname);
  return confine('thread');
}

function confine(scope: 'process' | 'thread'): Confinement {
  const machine = machines[process.arch];
  if (process.platform !== 'linux') return { confined: false, why: `not possible on ${process.platform}` };
  if (machine === undefined) return { confined: false, why: `no filter for ${process.arch}` };
  try {
    return load(machine, scope);
  } catch (error) {
    return { confined: false, why: (error as Error).message };
  }
}

function load(machine: Machine, scope: 'process' | 'thread'): Confinement {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const libc = koffi.load(null);
  const prctl = libc.func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)');
  const syscall = libc.func('long syscall(long number, unsigned long operation, unsigned long flags, void *program)');
  const program = filterProgram(machine);
  const head = Buffer.alloc(16); // struct sock_fprog: length, padding, pointer
  head.writeUInt16LE(program.length / 8, 0);
  head.writeBigUInt64LE(BigInt(koffi.address(program)), 8);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) return { confined: false, why: 'no_new_privs was refused' };
  const flags = scope === 'process' ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  const result = syscall(machine.seccomp, SECCOMP_SET_MODE_FILTER, flags, head);
  if (Number(result) !== 0) return { confined: false, why: `the kernel refused the filter (${koffi.errno()})` };
  return { confined: true, by: 'seccomp' };
}

/** Whether the kernel says that a process, or a thread `<pid>/task/<tid>`, is under a filter; undefined where it says nothing. */
export function isConfined(id: number | string): boolean | undefined {
  try {
    const status = readFileSync(`/proc/${id}/status`, 'utf8');
    return /^Seccomp:\s*2$/m.test(status);
  } catch {
    return undefined; // gone, or no Linux
  }
}
