import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { median, printAgainstLimit, printComparison } from '../result.ts';
import { burst, frontier, latency, paced, throughput } from './lanes.ts';
import { direct, type Route, startLiteLlm, startNull, startOurs, startPortkey, startProgram } from './servers.ts';
import { medianInterval, quantile } from './statistics.ts';

/** What our gateway is measured with, from the least to everything; the last one is the product as it comes. */
const rungs = ['single', 'key', 'whole', 'personal'] as const;

const say = (line: string): void => console.log(line);
const ms = (value: number): string => value.toFixed(2);

interface Rig {
  readonly routes: readonly Route[];
  readonly ours: Route;
  readonly nothing: Route;
  readonly peers: readonly Route[];
}

const byName = <T>(figures: ReadonlyMap<string, T>, route: Route): T => figures.get(route.target.name)!;

/** Lane A. Added latency is the difference to the median of the direct way in the same run. */
async function laneLatency({ routes, ours, nothing, peers }: Rig, rounds: number): Promise<void> {
  for (const promptBytes of [200, 10_000, 100_000]) {
    const seen = await latency(routes, { rounds, requests: 25, promptBytes });
    const floor = quantile(seen.get('direct') ?? [], 0.5);
    for (const [name, times] of seen) {
      const [low, high] = medianInterval(times);
      say(
        `latency ${promptBytes} B ${name}: p50 ${ms(quantile(times, 0.5))} ms (95 % ${ms(low)}–${ms(high)}), p99 ${ms(quantile(times, 0.99))} ms, added p50 ${ms(quantile(times, 0.5) - floor)} ms`,
      );
    }
    const added = (route: Route, share: number): number =>
      quantile(byName(seen, route), share) - quantile(seen.get('direct') ?? [], share);
    const name = `gateway-added-latency-${promptBytes}b`;
    printAgainstLimit(`${name}-p50`, added(ours, 0.5), 1, 'ms');
    printAgainstLimit(`${name}-p99`, added(ours, 0.99), 5, 'ms');
    for (const peer of peers) {
      printComparison({
        name: `${name}-p50-beside-${peer.target.name}`,
        ours: added(ours, 0.5),
        theirs: added(peer, 0.5),
        goal: { atMost: peer.target.name === 'portkey' ? 0.5 : 1 },
        unit: 'ms',
      });
    }
    say(`(the null proxy adds ${ms(added(nothing, 0.5))} ms at p50)`);
  }
}

/** Lane B. In turns, so that what else the machine does meets all alike. */
async function laneThroughput({ routes, ours, nothing, peers }: Rig, rounds: number): Promise<void> {
  const rates = new Map<string, number[]>(routes.map(({ target }) => [target.name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const route of routes) {
      const { perSecond, p50Ms, p99Ms, usEach } = await throughput(route, {
        connections: 10,
        forMs: 3_000,
        promptBytes: 200,
      });
      rates.get(route.target.name)?.push(perSecond);
      say(
        `throughput ${route.target.name}: ${Math.round(perSecond)}/s, p50 ${ms(p50Ms)} ms, p99 ${ms(p99Ms)} ms, ${Math.round(usEach)} µs of processor each`,
      );
    }
  }
  const rate = (route: Route): number => median(byName(rates, route));
  const ceiling = median(rates.get('direct') ?? []);
  say(`(the mock's ceiling is ${ms(ceiling / rate(nothing))} times the null proxy; below 3 the lane says nothing)`);
  const compare = (to: Route, atLeast: number): void =>
    printComparison({
      name: `gateway-throughput-10-beside-${to.target.name}`,
      ours: rate(ours),
      theirs: rate(to),
      goal: { atLeast },
      unit: '1/s',
    });
  compare(nothing, 0.75);
  for (const peer of peers) compare(peer, peer.target.name === 'portkey' ? 1.8 : 1);
}

async function laneFrontier({ ours, nothing, peers }: Rig): Promise<void> {
  const limits = [5, 10, 50];
  const found = new Map<string, ReadonlyMap<number, number>>();
  for (const route of [nothing, ours, ...peers]) {
    const best = await frontier(route, limits, { from: 25, most: 6_400, forMs: 3_000 });
    found.set(route.target.name, best);
    say(
      `frontier ${route.target.name}: ${limits.map((limit) => `p99 <= ${limit} ms up to ${best.get(limit)}/s`).join(', ')}`,
    );
  }
  for (const peer of peers) {
    printComparison({
      name: `gateway-frontier-p99-10ms-beside-${peer.target.name}`,
      ours: byName(found, ours).get(10) ?? 0,
      theirs: Math.max(1, byName(found, peer).get(10) ?? 0),
      goal: { atLeast: 1 },
      unit: '1/s',
    });
  }
}

/** Lane C: paced streams. Each window is printed; the first token and the gaps are beside the direct way's. */
async function lanePaced({ routes, ours, peers }: Rig): Promise<void> {
  for (const [streams, windows] of [
    [1, 12],
    [8, 4],
    [32, 3],
    [128, 3],
  ] as const) {
    const first = new Map<string, number[]>();
    const gaps = new Map<string, number[]>();
    const stalled = new Map<string, number>();
    const memory = new Map<string, number>();
    for (let window = 0; window < windows; window += 1) {
      for (const route of routes) {
        const { name } = route.target;
        const seen = await paced(route, streams);
        first.set(name, [...(first.get(name) ?? []), ...seen.firstMs]);
        gaps.set(name, [...(gaps.get(name) ?? []), ...seen.gaps]);
        stalled.set(name, (stalled.get(name) ?? 0) + seen.stalled);
        memory.set(name, Math.max(memory.get(name) ?? 0, seen.residentMib));
      }
    }
    const added = (route: Route, share: number): number =>
      quantile(first.get(route.target.name) ?? [], share) - quantile(first.get('direct') ?? [], share);
    for (const route of routes) {
      const { name } = route.target;
      say(
        `paced ${streams} streams ${name}: first token +${ms(added(route, 0.5))}/+${ms(added(route, 0.99))} ms (p50/p99), gap p99 ${ms(quantile(gaps.get(name) ?? [], 0.99))} ms, ${stalled.get(name)} of ${streams * windows} stalled, ${Math.round(memory.get(name) ?? 0)} MiB`,
      );
    }
    printAgainstLimit(`gateway-added-first-token-${streams}-streams-p50`, added(ours, 0.5), 1, 'ms');
    printAgainstLimit(`gateway-added-first-token-${streams}-streams-p99`, added(ours, 0.99), 2.5, 'ms');
    for (const peer of peers) {
      printComparison({
        name: `gateway-added-first-token-${streams}-streams-p50-beside-${peer.target.name}`,
        ours: Math.max(0.001, added(ours, 0.5)),
        theirs: Math.max(0.001, added(peer, 0.5)),
        goal: { atMost: 1 },
        unit: 'ms',
      });
    }
    if (streams === 128) {
      printAgainstLimit('gateway-stalled-of-128-streams', stalled.get(ours.target.name) ?? 0, 0, 'streams');
      printAgainstLimit('gateway-memory-at-128-streams', memory.get(ours.target.name) ?? 0, 150, 'MiB');
    }
  }
}

async function laneBurst({ routes, ours, nothing, peers }: Rig): Promise<void> {
  const each = new Map<string, number>();
  for (const route of routes.filter(({ target }) => target.name !== 'direct')) {
    const figures = await burst(route, 8).catch((error: Error) => error);
    if (figures instanceof Error) {
      say(`burst ${route.target.name}: did not hand on every frame (${figures.message})`);
      continue;
    }
    each.set(route.target.name, figures.usEach);
    say(
      `burst ${route.target.name}: ${ms(figures.usEach)} µs of processor a frame, ${Math.round(figures.perSecond)} frames/s`,
    );
  }
  for (const to of [nothing, ...peers].filter(({ target }) => each.has(target.name))) {
    printComparison({
      name: `gateway-burst-cpu-beside-${to.target.name}`,
      ours: byName(each, ours),
      theirs: byName(each, to),
      goal: { atMost: to === nothing ? 1.5 : 1 },
      unit: 'us/frame',
    });
  }
}

/** What each feature costs: the same gateway with less and less of it. */
async function laneLadder(mockPort: number): Promise<void> {
  for (const rung of rungs) {
    await using route = await startOurs(mockPort, rung);
    await throughput(route, { connections: 10, forMs: 1_500, promptBytes: 200 });
    const { perSecond, usEach } = await throughput(route, { connections: 10, forMs: 3_000, promptBytes: 200 });
    const times = (await latency([route], { rounds: 1, requests: 200, promptBytes: 200 })).get(route.target.name) ?? [];
    say(
      `ladder ${rung}: p50 ${ms(quantile(times, 0.5))} ms, ${Math.round(perSecond)}/s, ${Math.round(usEach)} µs of processor each`,
    );
  }
}

/** `npm run -s bench -- gateway [--rounds 30] [--lanes latency,throughput,frontier,paced,burst,ladder] [--peers portkey,litellm]` */
export async function benchGateway(commandArguments: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...commandArguments],
    options: {
      rounds: { type: 'string', default: '30' },
      lanes: { type: 'string', default: 'latency,throughput,frontier,paced,burst,ladder' },
      peers: { type: 'string', default: 'portkey,litellm' },
    },
  });
  const wanted = new Set(values.lanes.split(','));
  const rounds = Number(values.rounds);
  pinMyself();
  say(`load of the last minute ${loadavg()[0]?.toFixed(2)}: figures of a machine that does other work are only noise`);
  const { port: mockPort, child: mock } = await startProgram(1, 'mock-upstream.ts');
  await using stack = new AsyncDisposableStack();
  stack.defer(() => mock.disconnect());
  const nothing = stack.use(await startNull(mockPort));
  const ours = stack.use(await startOurs(mockPort, 'whole'));
  const peers = await startPeers(stack, mockPort, values.peers);
  const rig: Rig = { routes: [direct(mockPort), nothing, ours, ...peers], ours, nothing, peers };
  for (const route of rig.routes) await throughput(route, { connections: 4, forMs: 1_000, promptBytes: 200 }); // warm
  if (wanted.has('latency')) await laneLatency(rig, rounds);
  if (wanted.has('throughput')) await laneThroughput(rig, 5);
  if (wanted.has('frontier')) await laneFrontier(rig);
  if (wanted.has('paced')) await lanePaced(rig);
  if (wanted.has('burst')) await laneBurst(rig);
  if (wanted.has('ladder')) await laneLadder(mockPort);
}

async function startPeers(stack: AsyncDisposableStack, mockPort: number, names: string): Promise<readonly Route[]> {
  const peers: Route[] = [];
  for (const [name, start] of [
    ['portkey', startPortkey],
    ['litellm', startLiteLlm],
  ] as const) {
    if (!names.split(',').includes(name)) continue;
    const route = await start(mockPort);
    if (route) peers.push(stack.use(route));
    else say(`${name} is not installed and left out: docs/benchmarks.md says how to get it`);
  }
  return peers;
}

/** The client shares a core with the mock, and leaves the other to the gateway. */
function pinMyself(): void {
  try {
    execFileSync('taskset', ['-apc', '1', String(process.pid)], { stdio: 'ignore' });
  } catch {
    say('taskset is missing or there is one core: nothing is pinned');
  }
}
