import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { request } from 'undici';
import type { UpstreamModel } from '../src/upstreams/index.ts';
import { openUpstreamRoom, type UpstreamRoom } from '../test/parts/upstream-room.ts';
import { median, printAgainstLimit, printComparison } from './result.ts';

const tokens = 500;
const streamsAtOnce = 20;
const streams = 200;
const rounds = 5;
/** Generous: the whole of streaming, policy and dialect has 12 (api.md); this is one part of it. */
const limitMicros = 12;

/**
 * What one token of an upstream costs this process in CPU time: read by a bare client, relayed, and as the engine's events.
 * `npm run -s bench -- upstreams`
 */
export async function benchUpstreams(): Promise<void> {
  const peer = fork(join(import.meta.dirname, 'upstream-peer.ts'), { execArgv: [] });
  const after: (() => unknown)[] = [];
  try {
    const [url] = (await once(peer, 'message')) as [string];
    const room = await openUpstreamRoom({ after: (work: () => unknown) => void after.unshift(work) });
    const model = await room.declare({ kind: 'openai', urls: [`${url}/v1`] });
    const ways = { bare: () => bare(url), relay: () => relay(room, model), events: () => events(room, model) };
    const micros = await measure(ways);
    printAgainstLimit('upstream CPU a token, as events', micros.events, limitMicros, 'µs');
    const goal = { atMost: 1.5 };
    printComparison({
      name: 'upstream CPU a token, relayed',
      ours: micros.relay,
      theirs: micros.bare,
      goal,
      unit: 'µs',
    });
  } finally {
    for (const close of after) await close();
    peer.kill();
  }
}

type Ways = 'bare' | 'relay' | 'events';

async function measure(ways: Readonly<Record<Ways, () => Promise<void>>>): Promise<Record<Ways, number>> {
  const found: Record<Ways, number[]> = { bare: [], relay: [], events: [] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of Object.keys(ways) as Ways[]) {
      const before = process.cpuUsage();
      await manyOf(ways[name]);
      const { user, system } = process.cpuUsage(before);
      if (round > 0) found[name].push((user + system) / (streams * tokens)); // the first warms up
    }
  }
  return { bare: median(found.bare), relay: median(found.relay), events: median(found.events) };
}

async function manyOf(work: () => Promise<void>): Promise<void> {
  let left = streams;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: streamsAtOnce }, worker));
}

const question = { messages: [{ role: 'user' as const, content: 'Go.' }] };
const body = JSON.stringify({ model: 'echo', stream: true, stream_options: { include_usage: true }, ...question });

async function bare(url: string): Promise<void> {
  const answer = await request(`${url}/v1/chat/completions`, { method: 'POST', body });
  for await (const _part of answer.body);
}

async function relay(room: UpstreamRoom, model: UpstreamModel): Promise<void> {
  const sent = { path: '/chat/completions', body: Buffer.from(body) } as const;
  const answer = await room.upstreams.relay(await room.clear(model), sent, { model });
  for await (const _part of answer.body);
}

async function events(room: UpstreamRoom, model: UpstreamModel): Promise<void> {
  const asked = {
    model: model.id,
    prompt: { kind: 'chat', ...question },
    fairKey: 'bench',
    isolationKey: 'bench',
  } as const;
  let seen = 0;
  for await (const event of room.upstreams.generate(await room.clear(model), asked, { model }))
    if (event.type === 'delta') seen += 1;
  if (seen !== tokens) throw new Error(`${seen} tokens came instead of ${tokens}.`);
}
