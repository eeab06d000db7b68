// Writes the pages that the program's own declarations make: docs/cli.md, docs/cli.fr.md, the settings of the READMEs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliPage, commands, withSettings } from '../src/cli/index.ts';

const root = join(import.meta.dirname, '..');
mkdirSync(join(root, 'docs'), { recursive: true });
for (const [language, suffix] of [
  ['en', ''],
  ['fr', '.fr'],
] as const) {
  writeFileSync(join(root, 'docs', `cli${suffix}.md`), cliPage(commands, language));
  const readme = join(root, `README${suffix}.md`);
  writeFileSync(readme, withSettings(readFileSync(readme, 'utf8'), language));
}
process.stdout.write('docs/cli.md, docs/cli.fr.md, README.md and README.fr.md are up to date.\n');
