import { totalmem } from 'node:os';
import { silentLog, systemClock } from './base/index.ts';
import { type House, runCli } from './cli/index.ts';
import { version } from './version.ts';

/** What the command line is given. Each room is loaded when a command first needs it: most need few. */
const house: House = {
  version,
  async startServer(options) {
    const { startServer } = await import('./serve.ts');
    return startServer(options);
  },
  async openLibrary({ home, resolved }) {
    const { openEgress } = await import('./egress/index.ts');
    const { openModelLibrary } = await import('./models/index.ts');
    const log = silentLog();
    const egress = openEgress({ offline: resolved.settings.offline, log, clock: systemClock });
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

// `process.exit` and not `process.exitCode`: a handle that some library left open must not keep an ended command alive.
process.exit(await runCli(process.argv.slice(2), house));
