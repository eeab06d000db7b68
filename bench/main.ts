import { benchEngine } from './engine.ts';
import { benchGateway } from './gateway/index.ts';
import { benchHttp } from './http.ts';
import { benchPersonal } from './personal/index.ts';
import { benchUpstreams } from './upstreams.ts';

/** Benchmarks by name: `npm run -s bench -- <name> [options]`. */
const benchmarks: Readonly<Record<string, (commandArguments: readonly string[]) => Promise<void>>> = {
  engine: benchEngine,
  gateway: benchGateway,
  http: benchHttp,
  personal: benchPersonal,
  upstreams: benchUpstreams,
};

const [name, ...rest] = process.argv.slice(2);
const benchmark = benchmarks[name ?? ''];
if (benchmark === undefined) {
  console.error(`Name a benchmark: ${Object.keys(benchmarks).join(', ')}. Found: ${name ?? 'nothing'}.`);
  process.exitCode = 2;
} else {
  await benchmark(rest);
}
