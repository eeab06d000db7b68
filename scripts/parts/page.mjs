// Builds the web page when its sources are not those of the last build.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../bin/runtime.mjs';
import { SetupError, step } from './say.mjs';

const web = join(root, 'web');
const stamp = join(web, 'dist', '.intramuros-page');

/** Builds web/dist with Vite when it is missing or stale. */
export async function ensurePage(runtime) {
  if (!existsSync(join(web, 'index.html'))) return;
  const wanted = sourceDigest();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const end = step({ en: 'Building the page', fr: 'Construction de la page' });
  const { code, output } = await build(runtime);
  if (code !== 0) {
    end({ en: 'failed', fr: 'échec' });
    process.stderr.write(output);
    throw new SetupError({
      en: 'The page could not be built; the reason is above.',
      fr: 'La page n’a pas pu être construite ; la raison est ci-dessus.',
    });
  }
  end();
  writeFileSync(stamp, wanted);
}

function sourceDigest() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const path of sources(web).sort()) hash.update(path.slice(web.length)).update('\0').update(readFileSync(path));
  return hash.digest('hex');
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['dist', 'node_modules', 'test'].includes(entry.name) ? [] : sources(path);
    return /\.test\.tsx?$/.test(entry.name) ? [] : [path];
  });
}

function build(runtime) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const child = spawn(runtime, [vite, 'build', web, '--logLevel', 'warn'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output = (output + data).slice(-20_000);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
