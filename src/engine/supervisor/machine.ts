import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';

/** What the supervisor asks of the machine. */
export interface Machine {
  /** Memory that models may still take without the machine swapping, bytes. */
  availableBytes(): number;
  totalBytes(): number;
  /** Resident memory of a process; undefined where the system does not tell. */
  residentBytes(pid: number): number | undefined;
  /** Of a process's resident memory, what is mapped from files: the system counts it as available although it is in use. */
  mappedBytes(pid: number): number;
  /**
   * Threads for a model when no setting says otherwise: the physical cores, less one for the server and everything else.
   * Compute threads meet after each operation: one that has to share its core makes all the others wait.
   */
  readonly computeThreads: number;
}

/** The machine we run on. */
export const thisMachine: Machine = {
  availableBytes: () => Math.min(systemAvailable(), groupAvailable()),
  totalBytes: () => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
  residentBytes: (pid) => kibibytes(readText(`/proc/${pid}/status`), 'VmRSS'),
  mappedBytes: (pid) => kibibytes(readText(`/proc/${pid}/status`), 'RssFile') ?? 0,
  get computeThreads() {
    return Math.max(1, Math.min(physicalCores(), availableParallelism()) - 1);
  },
};

/** `MemAvailable` counts what the page cache would give back; `freemem` is all that other systems tell. */
function systemAvailable(): number {
  return kibibytes(readText('/proc/meminfo'), 'MemAvailable') ?? freemem();
}

/** What a control group still allows. Its page cache counts as free: the kernel takes it back first. */
function groupAvailable(): number {
  const limit = Number(readText('/sys/fs/cgroup/memory.max'));
  const used = Number(readText('/sys/fs/cgroup/memory.current'));
  if (!(limit > 0) || !Number.isFinite(limit) || !Number.isFinite(used)) return Number.POSITIVE_INFINITY;
  const cache = Number(/^file (\d+)$/m.exec(readText('/sys/fs/cgroup/memory.stat') ?? '')?.[1] ?? 0);
  return Math.max(0, limit - (used - cache));
}

function physicalCores(): number {
  const text = readText('/proc/cpuinfo');
  if (text === undefined) return cpus().length;
  const cores = text
    .split('\n\n')
    .map((cpu) => `${/^physical id\s*: (\d+)/m.exec(cpu)?.[1]}:${/^core id\s*: (\d+)/m.exec(cpu)?.[1]}`)
    .filter((core) => !core.includes('undefined'));
  return new Set(cores).size || cpus().length;
}

function kibibytes(text: string | undefined, name: string): number | undefined {
  const match = text === undefined ? null : new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text);
  return match ? Number(match[1]) * 1024 : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return undefined; // not Linux, or the process is gone
    throw error;
  }
}
