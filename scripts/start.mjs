// `npm start`: set-up, then the server, with the starter model fetched first when no model is installed.
import { join } from 'node:path';
import { handOver, root, runtimeFlags } from '../bin/runtime.mjs';
import { runScript, setUp } from './setup.mjs';

await runScript(async () => {
  const runtime = await setUp();
  const program = join(root, 'src', 'main.ts');
  handOver(runtime, [...runtimeFlags, program, 'serve', '--starter', ...process.argv.slice(2)], { followParent: true });
});
