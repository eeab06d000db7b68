/**
 * An engine process around the echo engine: it speaks the real protocol over the real channel, so that supervision can be
 * tested with real processes in milliseconds. Its "model file" is JSON: what to predict, how fast to speak, how to fail.
 */
import { readFileSync } from 'node:fs';
import { IntramurosError, toProblem } from '../../src/base/index.ts';
import type { EngineEvent } from '../../src/engine/index.ts';
import type { FromProcess, MemoryParts, StartOptions, ToProcess } from '../../src/engine/process/protocol.ts';
import { type EchoEngine, openEchoEngine } from './echo-engine.ts';

/** What a file of the echo process holds. */
export interface EchoModelFile {
  readonly weightsBytes?: number;
  readonly kvBytesPerToken?: number;
  readonly tokenMs?: number;
  readonly loadPhaseMs?: number;
  /** Memory that the process really takes while it serves. */
  readonly ballastBytes?: number;
  /** The file is refused. */
  readonly invalid?: boolean;
  /** The process ends in the middle of its load. */
  readonly diesLoading?: boolean;
}

const model = 'echo';
const cancels = new Map<number, AbortController>();
let engine: EchoEngine | undefined;
let ballast: Uint8Array | undefined;

const send = (message: FromProcess): void => {
  if (process.connected) process.send?.(message);
};

async function start(options: StartOptions): Promise<void> {
  const file = JSON.parse(readFileSync(options.file, 'utf8')) as EchoModelFile;
  if (file.invalid)
    throw new IntramurosError('model_file_invalid', 'The file ends before its tensors do. Pull it again.');
  const memory: MemoryParts = {
    weightsBytes: file.weightsBytes ?? 0,
    kvBytes: (file.kvBytesPerToken ?? 0) * options.contextTokens,
    computeBytes: 0,
    outputBytes: 0,
  };
  if (options.dryRun) {
    send({ type: 'predicted', memory });
    process.disconnect();
    return;
  }
  if (file.diesLoading) process.kill(process.pid, 'SIGKILL');
  ballast = new Uint8Array(file.ballastBytes ?? 0).fill(1);
  const { contextTokens, parallel, queueLimit } = options;
  const { tokenMs = 0, loadPhaseMs = 0 } = file;
  engine = openEchoEngine({ contextTokens, parallel, queueLimit, tokenMs, loadPhaseMs });
  for await (const state of engine.load(model)) send({ type: 'loading', ...state });
  send({ type: 'ready', contextTokens, contextTokensPerRequest: contextTokens, memory });
}

function state(echo: EchoEngine) {
  const [loaded] = echo.list();
  if (!loaded) throw new Error('the echo is not loaded');
  const { contextUsedTokens, activeRequests, queuedRequests, counters } = loaded;
  return { contextUsedTokens, activeRequests, queuedRequests, counters };
}

async function answer(message: Extract<ToProcess, { id: number }>, echo: EchoEngine): Promise<void> {
  const { id } = message;
  const cancel = new AbortController();
  if (message.type !== 'cancel') cancels.set(id, cancel);
  const step = (events: readonly EngineEvent[]): void =>
    send({ type: 'step', events: events.map((event) => [id, event] as const), state: state(echo) });
  try {
    switch (message.type) {
      case 'generate': {
        const { signal } = cancel;
        for await (const event of echo.generate({ ...message.request, model }, { signal })) step([event]);
        break;
      }
      case 'embed':
        send({ type: 'embedded', id, result: await echo.embed({ ...message, model }) });
        break;
      case 'tokenize':
        send({ type: 'tokenized', id, tokens: await echo.tokenize({ ...message, model }) });
        break;
      case 'detokenize':
        send({ type: 'detokenized', id, text: await echo.detokenize({ ...message, model }) });
        break;
      case 'render':
        send({ type: 'rendered', id, ...(await echo.render({ ...message, model })) });
        break;
      case 'cancel':
        cancels.get(id)?.abort();
        break;
    }
  } catch (error) {
    if (cancel.signal.aborted) send({ type: 'cancelled', id });
    else send({ type: 'failed', id, problem: toProblem(error) });
  } finally {
    if (message.type !== 'cancel') cancels.delete(id);
    step([]);
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToProcess) => {
  if (message.type === 'stop') process.exit(0);
  else if (message.type === 'start')
    start(message.options).catch((error: unknown) => {
      send({ type: 'fatal', problem: toProblem(error) });
      process.disconnect();
    });
  else if (engine) void answer(message, engine);
});
process.on('exit', () => ballast?.fill(0));
