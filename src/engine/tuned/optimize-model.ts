import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, formatBytes, fromProblem, IntramurosError } from '../../base/index.ts';
import type { InstalledModel, TunedCopy } from '../../models/index.ts';
import { childEnvironment } from '../supervisor/child-environment.ts';
import { crashCause } from '../supervisor/crash-cause.ts';
import { type Machine, thisMachine } from '../supervisor/machine.ts';
import { tuningCandidates } from './candidates.ts';
import type { FromTuning, Measurement, TuneJob, TunePhase } from './protocol.ts';
import { bestCandidate, type Worth, whyNone } from './verdict.ts';

/** Progress of the tuning of a model; the last is `done`, with or without a copy worth having. */
export type OptimizeEvent =
  | { readonly type: 'progress'; readonly phase: TunePhase; readonly progress: number; readonly words: string }
  | {
      readonly type: 'done';
      readonly tuned: TunedCopy | undefined;
      readonly words: string;
      readonly tried: readonly Measurement[];
    };

export interface OptimizeOptions {
  readonly model: InstalledModel;
  /** Where the copy goes: beside the pulled file, where that is ours to write to. */
  readonly directory?: string;
  /** Threads that the engine will compute with. */
  readonly threads: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly machine?: Pick<Machine, 'availableBytes'>;
  /** What a copy has to gain; the usual, unless a caller wants one at any speed. */
  readonly worth?: Worth;
}

/** What two small contexts and the runtime take beside the weights. */
const benchBytes = 512 * 1024 ** 2;

/** Left free on the disk, whatever a copy would take. */
const diskReserveBytes = 256 * 1024 ** 2;

/**
 * Makes the copy of a model that runs fastest on this machine: the pulled weights re-encoded in a format with fast kernels,
 * measured against the pulled file for speed and loss. It is never better than the file it was made from, and its name says
 * so. The work is done in a process of its own; however it ends, nothing half stays on the disk.
 *
 * @throws {IntramurosError} `model_unusable`, `memory_insufficient`, `disk_insufficient`, `engine_crashed`, or the signal's reason.
 */
export async function* optimizeModel(options: OptimizeOptions): AsyncGenerator<OptimizeEvent, void, undefined> {
  const { model, signal } = options;
  signal?.throwIfAborted();
  const file = model.files[0];
  if (!file)
    throw new IntramurosError('model_unusable', `Model "${model.id}" has no file. Remove it and pull it again.`);
  const generates = model.capabilities.includes('chat') || model.capabilities.includes('completion');
  const { formats, words } = generates
    ? tuningCandidates(model.quantization)
    : { formats: [], words: 'Models that only make embeddings are served as they were pulled.' };
  if (words !== undefined) {
    yield { type: 'done', tuned: undefined, words, tried: [] };
    return;
  }
  checkMemory(model, options.machine ?? thisMachine);
  yield { type: 'progress', phase: 'planning', progress: 0, words: 'Predicting the sizes of the copies' };
  const directory = options.directory ?? dirname(file);
  const workplace = await openWorkplace(directory);
  try {
    const { bavail, bsize } = await statfs(directory);
    const diskBytes = Math.max(0, bavail * bsize - diskReserveBytes);
    const job: TuneJob = { file, directory: workplace, formats, threads: options.threads, diskBytes };
    const done = yield* runTuning(model.id, job, signal);
    const best = bestCandidate(done.measurements, options.worth);
    if (!best) {
      yield { type: 'done', tuned: undefined, words: whyNone(done.measurements), tried: done.measurements };
      return;
    }
    yield { type: 'progress', phase: 'saving', progress: 1, words: 'Checking and keeping the copy' };
    const target = join(directory, `${basename(file, '.gguf')}.tuned-${best.format}.gguf`);
    const sha256 = await sealFile(best.file, signal);
    await rename(best.file, target);
    const { prefillTokensPerSecond, decodeTokensPerSecond, original } = best.speed;
    const tuned: TunedCopy = {
      file: target,
      quantization: `${best.format.toUpperCase()} (re-encoded from ${model.quantization})`,
      sizeBytes: best.sizeBytes,
      sha256,
      kld: best.kld,
      sameTopToken: best.sameTopToken,
      prefillTokensPerSecond,
      decodeTokensPerSecond,
      original,
      measuredOn: `${cpus()[0]?.model ?? process.arch}, ${options.threads} thread${options.threads === 1 ? '' : 's'}, llama.cpp ${done.library}`,
      madeAt: new Date(options.clock.now()).toISOString(),
      enabled: true,
    };
    yield { type: 'done', tuned, words: inWords(best), tried: done.measurements };
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

/** Both files are in memory while they are compared: the pulled one, and at most 8.5 bits a parameter of the copy. */
function checkMemory(model: InstalledModel, machine: Pick<Machine, 'availableBytes'>): void {
  const neededBytes = model.sizeBytes + (model.parameterCount * 8.5) / 8 + benchBytes;
  const freeBytes = machine.availableBytes();
  if (neededBytes <= freeBytes) return;
  throw new IntramurosError(
    'memory_insufficient',
    `Tuning "${model.id}" needs ${formatBytes(neededBytes)}, for both files at once; ${formatBytes(freeBytes)} is free. Stop loaded models ("intramuros ps") and try again; the pulled file serves as before.`,
    { facts: { model: model.id, neededBytes: Math.ceil(neededBytes), freeBytes } },
  );
}

function inWords({ format, kld, speed }: NonNullable<ReturnType<typeof bestCandidate>>): string {
  return `Re-encoded as ${format.toUpperCase()} for this processor: prefill × ${speed.prefillGain.toFixed(1)}, decode × ${speed.decodeGain.toFixed(1)}, KLD ${kld.toFixed(4)} to the pulled file.`;
}

const workplacePrefix = '.tuning-';

/** A folder for this run, named after our process; folders of processes that are gone are removed first. */
async function openWorkplace(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const name of await readdir(directory)) {
    const owner = name.startsWith(workplacePrefix) ? Number(name.slice(workplacePrefix.length).split('-')[0]) : 0;
    if (owner > 0 && !isAlive(owner)) await rm(join(directory, name), { recursive: true, force: true });
  }
  return mkdtemp(join(directory, `${workplacePrefix}${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Runs the tuning process and passes its progress on. Leaving or aborting kills it and waits until it is gone. */
async function* runTuning(
  model: string,
  job: TuneJob,
  signal: AbortSignal | undefined,
): AsyncGenerator<OptimizeEvent, Extract<FromTuning, { type: 'done' }>, undefined> {
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), [], {
    execPath: process.execPath,
    execArgv: [],
    env: childEnvironment(process.env),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const inbox: FromTuning[] = [];
  let lastLine: string | undefined;
  let cause: string | undefined;
  let wake = (): void => {};
  const ended = new Promise<void>((resolve) => {
    const end = (words: string): void => {
      cause ??= words;
      wake();
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (code, by) => end(crashCause(code, by, lastLine)));
  });
  child.on('message', (message) => {
    inbox.push(message as FromTuning);
    wake();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastLine = text.trim().split('\n').at(-1);
  });
  const abort = (): void => wake();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    child.send(job);
    while (true) {
      signal?.throwIfAborted();
      const message = inbox.shift();
      if (message?.type === 'progress') yield message;
      else if (message?.type === 'done') return message;
      else if (message?.type === 'failed') throw fromProblem(message.problem);
      else if (cause !== undefined) throw tuningCrashed(model, cause);
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    child.kill('SIGKILL');
    await ended;
  }
}

const tuningCrashed = (model: string, cause: string): IntramurosError =>
  new IntramurosError(
    'engine_crashed',
    `The tuning of "${model}" ended in the middle of its work: ${cause}. The pulled file is untouched and serves as before; try "intramuros optimize" again.`,
    { facts: { model, cause } },
  );

/** Makes sure that a file is on the disk, and hashes it as it lies there. */
async function sealFile(file: string, signal: AbortSignal | undefined): Promise<string> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, signal ? { signal } : {})) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
