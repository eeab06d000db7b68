// `npm run -s <task> -- <arguments>`: set-up, then one task on Node 24.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { handOver, root } from '../bin/runtime.mjs';
import { SetupError } from './parts/say.mjs';
import { runScript, setUp } from './setup.mjs';

const bin = (name, ...path) => join(root, 'node_modules', name, ...path);

/** The checks that read the sources without running them, by name. */
export const checks = () => [
  ['types', [bin('typescript', 'bin', 'tsc'), '-p', root]],
  ...(existsSync(join(root, 'web', 'tsconfig.json'))
    ? [['types of the page', [bin('typescript', 'bin', 'tsc'), '-p', join(root, 'web'), '--noEmit']]]
    : []),
  ['lint and format', [bin('@biomejs/biome', 'bin', 'biome'), 'check', root]],
];

/** Tasks, the file each runs, and whether it needs the built page. */
const tasks = {
  bench: { file: () => 'bench/main.ts', page: false },
  screenshots: { file: () => 'scripts/screenshots.ts', page: true },
  proofs: { file: () => 'test/proofs/run.ts', page: false },
  conformance: { file: () => 'test/conformance/run.ts', page: false },
  bundle: { file: () => 'scripts/bundle.mjs', page: true },
  documents: { file: () => 'scripts/documents.ts', page: false },
};

function fileOf(name, args) {
  const file = tasks[name].file(args);
  if (existsSync(join(root, file))) return join(root, file);
  throw new SetupError({ en: `There is no ${file}.`, fr: `${file} n’existe pas.` });
}

function check(runtime) {
  for (const [name, command] of checks()) {
    process.stdout.write(`${name}…\n`);
    if (spawnSync(runtime, command, { cwd: root, stdio: 'inherit' }).status !== 0) process.exitCode = 1;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [name, ...args] = process.argv.slice(2);
  await runScript(async () => {
    const known = ['check', ...Object.keys(tasks)];
    if (!known.includes(name)) {
      const list = known.join(', ');
      throw new SetupError({
        en: `No task "${name}". Tasks: ${list}.`,
        fr: `Pas de tâche « ${name} ». Tâches : ${list}.`,
      });
    }
    const runtime = await setUp({ page: tasks[name]?.page ?? false });
    if (name === 'check') check(runtime);
    else handOver(runtime, ['--disable-warning=ExperimentalWarning', fileOf(name, args), ...args]);
  });
}
