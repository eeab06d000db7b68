/**
 * `npm run -s proofs [-- name …]`: runs every file of this folder, prints one line for each, and fails when one fails.
 * A proof is a `*.test.ts` here that prints `PROOF <name> <figures>` and is named in docs/proofs.md.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = import.meta.dirname;
const document = readFileSync(join(folder, '..', '..', 'docs', 'proofs.md'), 'utf8');
const kept = process.argv.slice(2);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.test.ts'.length))
  .filter((name) => kept.length === 0 || kept.some((part) => name.includes(part)));

interface Outcome {
  readonly state: 'ok' | 'FAILED' | 'skipped';
  readonly figures: string;
  readonly output: string;
}

function run(name: string): Promise<Outcome> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(folder, `${name}.test.ts`)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(judge(name, code, output)));
  });
}

function judge(name: string, code: number | null, output: string): Outcome {
  const lines = output.split('\n').flatMap((line) => {
    const [, said] = /^(?:# )?PROOF (.*)$/.exec(line) ?? [];
    return said === undefined ? [] : [said.startsWith(`${name} `) ? said.slice(name.length + 1) : said];
  });
  const figures = lines.join('; ');
  if (!document.includes(`\`${name}\``)) return { state: 'FAILED', figures: 'it is not in docs/proofs.md', output: '' };
  if (code !== 0) return { state: 'FAILED', figures, output };
  if (/^ℹ pass 0$/m.test(output) || /^# pass 0$/m.test(output)) return { state: 'skipped', figures, output: '' };
  if (figures === '') return { state: 'FAILED', figures: 'it printed no PROOF line', output: '' };
  return { state: 'ok', figures, output: '' };
}

if (names.length === 0) {
  console.error(`No proof is named ${kept.join(' or ')}.`);
  process.exitCode = 2;
}
for (const name of names) {
  const { state, figures, output } = await run(name);
  console.log(`PROOF ${name} ${state} ${figures}`.trimEnd());
  if (state !== 'FAILED') continue;
  process.exitCode = 1;
  if (output !== '') console.log(output.trimEnd().replaceAll(/^/gm, '  '));
}
