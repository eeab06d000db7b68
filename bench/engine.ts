/**
 * The embedded engine beside llama-server: same model file, one compute thread, over HTTP, in turns in one run.
 * Covers the goals table of the design (decode, many streams, shared prefix, tuned copy, first token, second turn,
 * cancel, queue). Does not cover several threads (the cores are shared here, and threads that wait for each other
 * measure the machine), nor GPUs.
 *
 *   LLAMA_SERVER_BIN=… npm run -s bench -- engine [--model FILE] [--rounds N] [--only row,row]
 */
import { parseArgs } from 'node:util';
import { starterModelFile } from '../test/parts/starter-model.ts';
import { type CompletionTiming, complete, type Target } from './completion-client.ts';
import { type Peer, startIntramuros, startLlamaServer } from './peers.ts';
import { median, printAgainstLimit, printComparison } from './result.ts';
import { prose, questions } from './texts.ts';

const streams = 8;
const contextTokens = 20_480;
let unique = 0;
/** A number that no earlier prompt of this run began with, so that nothing of it is cached. */
const fresh = (): number => {
  unique += 1;
  return 1000 + unique;
};

interface Pair {
  readonly ours: Peer;
  readonly theirs: Peer;
  readonly rounds: number;
}

/** Measures both sides in turns, the first side changing each round, and gives the medians. */
async function inTurns(
  pair: Pair,
  measure: (target: Target) => Promise<number>,
): Promise<{ ours: number; theirs: number }> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < pair.rounds; round += 1) {
    const order = round % 2 === 0 ? [pair.ours, pair.theirs] : [pair.theirs, pair.ours];
    for (const side of order) (side === pair.ours ? ours : theirs).push(await measure(side.target));
  }
  return { ours: median(ours), theirs: median(theirs) };
}

const decodeRate = ({ completionTokens, firstTokenMs, lastTokenMs }: CompletionTiming): number =>
  ((completionTokens - 1) * 1000) / (lastTokenMs - firstTokenMs);

async function singleDecode(target: Target): Promise<number> {
  return decodeRate(await complete(target, { prompt: `Once upon a time, in the year ${fresh()},`, maxTokens: 128 }));
}

async function prefillRate(target: Target): Promise<number> {
  const timing = await complete(target, { prompt: prose(48, fresh()), maxTokens: 2 });
  return (timing.promptTokens * 1000) / timing.firstTokenMs;
}

async function manyStreams(target: Target): Promise<number> {
  const startedAt = performance.now();
  const prompts = Array.from({ length: streams }, () => prose(3, fresh()));
  const timings = await Promise.all(prompts.map((prompt) => complete(target, { prompt, maxTokens: 96 })));
  const tokens = timings.reduce((sum, timing) => sum + timing.completionTokens, 0);
  return (tokens * 1000) / (performance.now() - startedAt);
}

async function sharedPrefix(target: Target): Promise<number> {
  const document = prose(75, fresh());
  const startedAt = performance.now();
  await Promise.all(
    questions.map((question) => complete(target, { prompt: `${document}\n\n${question}`, maxTokens: 32 })),
  );
  return performance.now() - startedAt;
}

async function warmFirstToken(target: Target): Promise<number> {
  const prompt = `A short note on the year ${fresh()}: what does one see from the tower of a small town in the evening?`;
  await complete(target, { prompt, maxTokens: 2 });
  return (await complete(target, { prompt, maxTokens: 2 })).firstTokenMs;
}

/** Prompt tokens computed again in a second turn, beyond those that are new. */
async function secondTurnRecomputed(target: Target): Promise<number> {
  const first = await complete(target, { prompt: prose(12, fresh()), maxTokens: 24 });
  const promptOfFirst = prose(12, 1000 + unique);
  const second = await complete(target, {
    prompt: `${promptOfFirst}${first.text}\nAnd then, what came of it?`,
    maxTokens: 8,
  });
  const known = first.promptTokens + first.completionTokens;
  return Math.max(0, known - second.cachedTokens);
}

interface Runtime {
  readonly activeRequests: number;
  readonly residentBytes: number;
}

async function runtimeOf(target: Target): Promise<Runtime> {
  const reply = await fetch(`${target.baseUrl}/api/models/${encodeURIComponent(target.model)}`);
  const view = (await reply.json()) as { runtime: Runtime | null };
  if (view.runtime === null) throw new Error('the model is not loaded');
  return view.runtime;
}

/** From the moment a reader leaves to the moment the engine is idle. The poll adds a few milliseconds. */
async function cancelToIdle(target: Target): Promise<number> {
  await complete(target, { prompt: prose(6, fresh()), maxTokens: 512, leaveAfterFirst: true });
  const leftAt = performance.now();
  while ((await runtimeOf(target)).activeRequests > 0) {
    if (performance.now() - leftAt > 10_000) return 10_000;
  }
  return performance.now() - leftAt;
}

async function queueRow(target: Target): Promise<void> {
  const before = (await runtimeOf(target)).residentBytes;
  const startedAt = performance.now();
  const prompts = Array.from({ length: 64 }, () => prose(2, fresh()));
  const timings = await Promise.all(prompts.map((prompt) => complete(target, { prompt, maxTokens: 24 })));
  const unfinished = timings.filter((timing) => timing.completionTokens !== 24).length;
  const slowest = Math.max(...timings.map((timing) => timing.firstTokenMs));
  const totalMs = performance.now() - startedAt;
  printAgainstLimit('queue-64-unfinished', unfinished, 0, 'streams');
  printAgainstLimit('queue-64-slowest-first-token', slowest, totalMs, 'ms');
  printAgainstLimit('queue-64-memory-growth', ((await runtimeOf(target)).residentBytes - before) / 2 ** 20, 32, 'MiB');
}

async function makeTunedCopy(target: Target): Promise<void> {
  const reply = await fetch(`${target.baseUrl}/api/models/${encodeURIComponent(target.model)}/optimize`, {
    method: 'POST',
  });
  const text = await reply.text();
  if (!reply.ok || text.includes('event: error')) throw new Error(`optimize failed: ${text.slice(-400)}`);
  const done = text.split('\n\n').findLast((frame) => frame.includes('event: done'));
  console.log(`tuned copy: ${done?.split('data: ')[1]?.slice(0, 400) ?? 'none'}`);
}

type Row = (pair: Pair) => Promise<void>;

const rows: Readonly<Record<string, Row>> = {
  'decode-1-stream': async (pair) =>
    printComparison({
      name: 'decode-1-stream',
      ...(await inTurns(pair, singleDecode)),
      goal: { atLeast: 1 },
      unit: 'tok/s',
    }),
  'prefill-same-file': async (pair) =>
    printComparison({
      name: 'prefill-same-file',
      ...(await inTurns(pair, prefillRate)),
      goal: { atLeast: 0.95 },
      unit: 'tok/s',
    }),
  'throughput-8-streams': async (pair) =>
    printComparison({
      name: 'throughput-8-streams',
      ...(await inTurns(pair, manyStreams)),
      goal: { atLeast: 1.05 },
      unit: 'tok/s',
    }),
  'shared-prefix-8-streams': async (pair) =>
    printComparison({
      name: 'shared-prefix-8-streams',
      ...(await inTurns({ ...pair, rounds: Math.min(pair.rounds, 3) }, sharedPrefix)),
      goal: { atMost: 0.2 },
      unit: 'ms',
    }),
  'first-token-warm': async (pair) =>
    printComparison({
      name: 'first-token-warm',
      ...(await inTurns(pair, warmFirstToken)),
      goal: { atMost: 1.1 },
      unit: 'ms',
    }),
  'second-turn-recomputed': async ({ ours }) =>
    printAgainstLimit('second-turn-recomputed', await secondTurnRecomputed(ours.target), 1, 'tokens'),
  'cancel-to-idle': async ({ ours, rounds }) => {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await cancelToIdle(ours.target));
    printAgainstLimit('cancel-to-idle', Math.max(...times), 150, 'ms');
  },
  'queue-64': async ({ ours }) => await queueRow(ours.target),
  'as-users-get-it': async (pair) => {
    await makeTunedCopy(pair.ours.target);
    await complete(pair.ours.target, { prompt: 'Warm up.', maxTokens: 4 });
    printComparison({
      name: 'tuned-prefill',
      ...(await inTurns(pair, prefillRate)),
      goal: { atLeast: 2.2 },
      unit: 'tok/s',
    });
    printComparison({
      name: 'tuned-decode',
      ...(await inTurns(pair, singleDecode)),
      goal: { atLeast: 1.2 },
      unit: 'tok/s',
    });
  },
};

/** Runs the benchmark with the arguments that follow its name on the command line. */
export async function benchEngine(commandArguments: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...commandArguments],
    options: { model: { type: 'string' }, rounds: { type: 'string', default: '5' }, only: { type: 'string' } },
  });
  const binary = process.env.LLAMA_SERVER_BIN;
  if (!binary)
    throw new Error('Set LLAMA_SERVER_BIN to the path of a llama-server; docs/benchmarks.md says how to get one.');
  const chosen = values.only?.split(',') ?? Object.keys(rows);
  const unknown = chosen.filter((name) => !(name in rows));
  if (unknown.length > 0) throw new Error(`No row ${unknown.join(', ')}. Rows: ${Object.keys(rows).join(', ')}.`);
  const modelFile = values.model ?? (await starterModelFile());
  await using ours = await startIntramuros({ modelFile, parallel: streams, contextTokens });
  await using theirs = await startLlamaServer({ binary, modelFile, parallel: streams, contextTokens });
  for (const side of [ours, theirs]) await complete(side.target, { prompt: 'Warm up.', maxTokens: 8 });
  for (const name of chosen) await rows[name]!({ ours, theirs, rounds: Number(values.rounds) });
}
