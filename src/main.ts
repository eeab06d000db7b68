import { totalmem } from 'node:os';
import { runCli } from './cli/index.ts';
import { probeEngine } from './engine/index.ts';
import { recommend } from './models/index.ts';
import { openLibrary, startServer } from './serve.ts';
import { version } from './version.ts';

// `process.exit` and not `process.exitCode`: a handle that some library left open must not keep an ended command alive.
process.exit(
  await runCli(process.argv.slice(2), {
    version,
    startServer,
    openLibrary,
    recommend: (library) => recommend({ memoryBytes: totalmem() }, { entries: library.catalogue() })?.entry,
    probeEngine,
  }),
);
