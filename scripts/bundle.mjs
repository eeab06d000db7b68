// `npm run -s bundle`: makes dist/, the sources as JavaScript, for publishing: Node refuses to strip types of files that
// lie under a node_modules folder. File by file rather than in one piece, so that workers, child processes, migrations and
// data files stay where the sources name them.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { transform } from 'esbuild';
import { root } from '../bin/runtime.mjs';

const source = join(root, 'src');
const target = join(root, 'dist');

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

/** Relative names of other sources, in imports and in `new URL(…)`, get the ending they have in dist/. */
const withNewNames = (code) => code.replace(/(["'])(\.{1,2}\/[^"'\n]*)\.ts\1/g, '$1$2.js$1');

rmSync(target, { recursive: true, force: true });
let count = 0;
for (const path of files(source)) {
  if (path.endsWith('.test.ts')) continue;
  const out = join(target, relative(source, path)).replace(/\.ts$/, '.js');
  mkdirSync(dirname(out), { recursive: true });
  if (path.endsWith('.ts')) {
    const { code } = await transform(readFileSync(path, 'utf8'), {
      loader: 'ts',
      format: 'esm',
      target: 'node24',
      sourcefile: relative(root, path),
    });
    writeFileSync(out, withNewNames(code));
  } else copyFileSync(path, out);
  count += 1;
}
process.stdout.write(`dist/ holds ${count} files.\n`);
