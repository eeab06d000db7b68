import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Settings, silentLog, systemClock } from './base/index.ts';
import { type House, runCli } from './cli/index.ts';
import type { Guard } from './egress/index.ts';
import { version } from './version.ts';

/** What the command line is given. Each room is loaded when a command first needs it: most need few. */
const house: House = {
  version,
  async startServer(options) {
    const guard = await guardThisProcess(options.resolved.settings);
    const { startServer } = await import('./serve.ts');
    return startServer({ ...options, guard });
  },
  async openLibrary({ home, resolved }) {
    const { openEgress } = await import('./egress/index.ts');
    const { openModelLibrary } = await import('./models/index.ts');
    const log = silentLog();
    const egress = openEgress({
      offline: resolved.settings.offline,
      proxy: resolved.settings.proxy,
      home,
      log,
      clock: systemClock,
    });
    const library = await openModelLibrary({ home, egress, settings: resolved.settings, log });
    return { library, [Symbol.asyncDispose]: () => egress.close() };
  },
  async recommend(language) {
    const { recommend } = await import('./models/index.ts');
    return recommend({ memoryBytes: Math.min(totalmem(), process.constrainedMemory() || totalmem()) }, { language });
  },
  async probeEngine() {
    const { probeEngine } = await import('./engine/index.ts');
    return probeEngine();
  },
};

let guard: Guard | undefined;

/** Before any room opens: from here on nothing but the door dials, and only our own parts are started. */
async function guardThisProcess({ databaseUrl, host }: Settings): Promise<Guard> {
  const { installGuard } = await import('./egress/index.ts');
  const own = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  guard ??= installGuard({
    hosts: [{ host }, ...databaseHosts(databaseUrl)],
    programs: [own('./engine/process/main.ts'), own('./engine/tuned/main.ts'), own('./store/create-cluster-main.ts')],
    threads: [own('./store/embedded-worker.ts'), own('./audit/verify-worker.ts')],
  });
  return guard;
}

function databaseHosts(databaseUrl: string | undefined): { readonly host: string; readonly port: number }[] {
  if (databaseUrl === undefined || !URL.canParse(databaseUrl)) return [];
  const { hostname, port } = new URL(databaseUrl);
  return hostname === '' ? [] : [{ host: hostname, port: Number(port || 5432) }];
}

// `process.exit` and not `process.exitCode`: a handle that some library left open must not keep an ended command alive.
process.exit(await runCli(process.argv.slice(2), house));
