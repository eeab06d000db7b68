import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, renderRequest, type Seen } from './client.ts';
import { processorUs, type Route, residentMib } from './servers.ts';
import { quantile, shuffled } from './statistics.ts';

export interface Lane<T> {
  readonly route: string;
  readonly figures: T;
}

const question = (bytes: number): object => [{ role: 'user', content: 'a'.repeat(bytes) }];

function expectWhole({ status, frames }: Seen, wanted: { readonly frames?: number } = {}): void {
  if (status !== 200) throw new Error(`status ${status} where 200 was expected`);
  if (wanted.frames !== undefined && frames < wanted.frames) throw new Error(`${frames} of ${wanted.frames} frames`);
}

/** Lane A: one request at a time, the routes in random turns. Milliseconds of every request, by route. */
export async function latency(
  routes: readonly Route[],
  options: { readonly rounds: number; readonly requests: number; readonly promptBytes: number },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const all = new Map<string, number[]>(routes.map(({ target }) => [target.name, []]));
  const connections = new Map(routes.map(({ target }) => [target.name, new Connection(target.port)]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { target } of shuffled(routes, round)) {
      const request = renderRequest(target, { model: 'json', messages: question(options.promptBytes) });
      const connection = connections.get(target.name)!;
      await connection.send(request);
      for (let count = 0; count < options.requests; count += 1) {
        const seen = await connection.send(request);
        expectWhole(seen);
        all.get(target.name)?.push(seen.endMs);
      }
    }
  }
  for (const connection of connections.values()) connection.close();
  return all;
}

/** Lane B, closed loop: requests a second over so many connections, with the time of each. */
export async function throughput(
  route: Route,
  options: { readonly connections: number; readonly forMs: number; readonly promptBytes: number },
): Promise<{ readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number; readonly usEach: number }> {
  const { target, pids } = route;
  const request = renderRequest(target, { model: 'json', messages: question(options.promptBytes) });
  const times: number[] = [];
  const usBefore = processorUs(pids);
  const beganAt = performance.now();
  await Promise.all(
    Array.from({ length: options.connections }, async () => {
      const connection = new Connection(target.port);
      while (performance.now() - beganAt < options.forMs) {
        const seen = await connection.send(request);
        expectWhole(seen);
        times.push(seen.endMs);
      }
      connection.close();
    }),
  );
  const seconds = (performance.now() - beganAt) / 1000;
  return {
    perSecond: times.length / seconds,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    usEach: (processorUs(pids) - usBefore) / times.length,
  };
}

/** Lane B, open loop: requests start at a constant rate whatever the answers do; timed from the intended start. */
export async function atRate(
  route: Route,
  options: { readonly perSecond: number; readonly forMs: number; readonly promptBytes: number },
): Promise<{ readonly p99Ms: number; readonly failed: number }> {
  const request = renderRequest(route.target, { model: 'json', messages: question(options.promptBytes) });
  const idle: Connection[] = [];
  const times: number[] = [];
  let failed = 0;
  let open = 0;
  const one = async (intendedAt: number): Promise<void> => {
    const connection = idle.pop() ?? new Connection(route.target.port);
    open += 1;
    try {
      expectWhole(await connection.send(request, { timeoutMs: 10_000 }));
      times.push(performance.now() - intendedAt);
      idle.push(connection);
    } catch {
      failed += 1;
      connection.close();
    } finally {
      open -= 1;
    }
  };
  const beganAt = performance.now();
  const gapMs = 1000 / options.perSecond;
  const pending: Promise<void>[] = [];
  for (let index = 0; index * gapMs < options.forMs; index += 1) {
    const dueAt = beganAt + index * gapMs;
    if (dueAt > performance.now()) await sleep(Math.max(1, dueAt - performance.now()));
    if (open > 2_000) failed += 1;
    else pending.push(one(dueAt));
  }
  await Promise.all(pending);
  for (const connection of idle) connection.close();
  return { p99Ms: quantile(times, 0.99), failed };
}

/** Highest rates, doubling, at which no request failed and the 99th percentile stayed under each limit. */
export async function frontier(
  route: Route,
  limitsMs: readonly number[],
  options: { readonly from: number; readonly most: number; readonly forMs: number },
): Promise<ReadonlyMap<number, number>> {
  const best = new Map(limitsMs.map((limit) => [limit, 0]));
  for (let perSecond = options.from; perSecond <= options.most; perSecond *= 2) {
    const { p99Ms, failed } = await atRate(route, { perSecond, forMs: options.forMs, promptBytes: 200 });
    if (failed > 0) break;
    for (const limit of limitsMs) if (p99Ms <= limit) best.set(limit, perSecond);
    if (p99Ms > Math.max(...limitsMs)) break;
  }
  return best;
}

export interface PacedFigures {
  readonly firstMs: readonly number[];
  readonly gaps: readonly number[];
  /** Streams with a gap above ten times the pace, or with frames missing. */
  readonly stalled: number;
  readonly residentMib: number;
}

/** Lane C: streams of 64 frames, one every 20 ms, started over one pace so that they do not beat together. */
export async function paced(route: Route, streams: number): Promise<PacedFigures> {
  const [frames, gapMs] = [64, 20];
  const request = renderRequest(route.target, {
    model: `stream-${frames}-${gapMs}`,
    stream: true,
    messages: question(200),
  });
  let stalled = 0;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, residentMib(route.pids));
  }, 100);
  const seen = await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      await sleep((index * gapMs) / streams);
      const connection = new Connection(route.target.port);
      try {
        return await connection.send(request, { gaps: true });
      } catch {
        stalled += 1;
        return undefined;
      } finally {
        connection.close();
      }
    }),
  );
  clearInterval(watch);
  const whole = seen.filter((one) => one !== undefined);
  stalled += whole.filter(({ gaps, frames: got }) => got < frames + 1 || gaps.some((gap) => gap > gapMs * 10)).length;
  return {
    firstMs: whole.map(({ firstMs }) => firstMs),
    gaps: whole.flatMap(({ gaps }) => gaps),
    stalled,
    residentMib: most,
  };
}

/** Lane C2: 2,000 frames as fast as they go; processor microseconds of the gateway a frame, frames a second. */
export async function burst(
  route: Route,
  streams: number,
): Promise<{ readonly usEach: number; readonly perSecond: number }> {
  const frames = 2_000;
  const request = renderRequest(route.target, {
    model: `stream-${frames}-0`,
    stream: true,
    messages: question(200),
  });
  const before = processorUs(route.pids);
  const beganAt = performance.now();
  await Promise.all(
    Array.from({ length: streams }, async () => {
      const connection = new Connection(route.target.port);
      expectWhole(await connection.send(request), { frames });
      connection.close();
    }),
  );
  const seconds = (performance.now() - beganAt) / 1000;
  return {
    usEach: (processorUs(route.pids) - before) / (streams * frames),
    perSecond: (streams * frames) / seconds,
  };
}
