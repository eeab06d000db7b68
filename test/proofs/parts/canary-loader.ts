/** Loaded with `--import` into a server: sets the canaries free inside it when it gets SIGUSR2, and writes what became of them. */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const result = process.env.CANARY_RESULT;
if (isMainThread && result !== undefined && process.argv.includes('serve')) {
  process.on('SIGUSR2', async () => {
    const { runCanaries } = await import('./canaries.ts');
    writeFileSync(`${result}.part`, JSON.stringify(await runCanaries()));
    writeFileSync(result, 'done');
  });
}
