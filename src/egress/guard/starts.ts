import childProcess, { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import workerThreads from 'node:worker_threads';
import { isPassing } from './passage.ts';
import { patchMethod } from './patch.ts';
import type { Judge, Patch } from './types.ts';

/** Programs: only this runtime on a script of the list, or what the door starts. */
export function guardPrograms(judge: Judge): Patch[] {
  const isListed = (file: unknown, args: unknown): boolean => {
    const scripts = Array.isArray(args) ? args.map(String) : [];
    const script = scripts.slice(1).find((arg) => !arg.startsWith('-'));
    return file === process.execPath && script !== undefined && (judge.options.programs ?? []).includes(script);
  };
  const spawned = patchMethod('child_process', ChildProcess.prototype, 'spawn', (original) => {
    return function (this: unknown, ...args: unknown[]) {
      const { file, args: words } = (args[0] ?? {}) as { readonly file?: unknown; readonly args?: unknown };
      if (isPassing() || judge.mayStart('child_process', String(file), isListed(file, words))) {
        return original.apply(this, args);
      }
      throw judge.refusal('child_process', String(file));
    };
  });
  const waited = (['spawnSync', 'execSync', 'execFileSync'] as const).flatMap((key) =>
    patchMethod(`child_process.${key}`, childProcess, key, (original) => {
      return function (this: unknown, ...args: unknown[]) {
        if (isPassing() || judge.mayStart('child_process', String(args[0]), false)) return original.apply(this, args);
        throw judge.refusal('child_process', String(args[0]));
      };
    }),
  );
  return [...spawned, ...waited];
}

/** Threads: only scripts of the list, and each gets a guard of its own that lets nothing pass. */
export function guardThreads(judge: Judge): Patch[] {
  const holder = workerThreads as { Worker: typeof workerThreads.Worker };
  const Original = holder.Worker;
  class Worker extends Original {
    constructor(file: string | URL, options: workerThreads.WorkerOptions = {}) {
      const path = scriptPath(file, options.eval === true);
      const listed = path !== undefined && (judge.options.threads ?? []).includes(path);
      if (!judge.mayStart('worker_threads', path ?? 'a text', listed)) {
        throw judge.refusal('worker_threads', path ?? 'a text');
      }
      super(file, { ...options, execArgv: [...(options.execArgv ?? flagsOfThreads()), '--import', threadGuard] });
    }
  }
  holder.Worker = Worker;
  return [
    {
      name: 'worker_threads',
      isInPlace: () => holder.Worker === Worker,
      remove: () => {
        if (holder.Worker === Worker) holder.Worker = Original;
      },
    },
  ];
}

const threadGuard = new URL('./thread-guard.ts', import.meta.url).href;

function scriptPath(file: string | URL, isText: boolean): string | undefined {
  if (isText) return undefined;
  if (file instanceof URL || file.startsWith('file:')) {
    const url = new URL(file);
    return url.protocol === 'file:' ? fileURLToPath(url) : undefined;
  }
  return file;
}

/** Native code, which no guard in JavaScript sees, and the inner bindings of Node. `mayLoad` says which addons may come in. */
export function guardNative(judge: Judge, mayLoad: (path: string) => boolean): Patch[] {
  const loading = patchMethod('native', process, 'dlopen', (original) => {
    return function (this: unknown, ...args: unknown[]) {
      const path = String(args[1]);
      if (judge.mayStart('native', path, mayLoad(path))) return original.apply(this, args);
      throw judge.refusal('native', path);
    };
  });
  const inner = patchMethod('binding', process, 'binding', (original) => {
    return function (this: unknown, ...args: unknown[]) {
      const name = String(args[0]);
      if (!/^(tcp|udp|cares|process|pipe|tls|spawn_sync)/.test(name)) return original.apply(this, args);
      judge.mayStart('binding', name, false);
      throw judge.refusal('binding', name);
    };
  });
  return [...loading, ...inner];
}

/** Flags of this process that a thread takes too: those that size V8's heap are for a whole process, and refused. */
const flagsOfThreads = (): string[] => process.execArgv.filter((flag) => !/^--(?:max|min|stack)-/.test(flag));
