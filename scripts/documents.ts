// Writes the pages that the program's own declarations make: the command line, the settings of the READMEs, the API, the errors.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { cliPage, commands, withSettings } from '../src/cli/index.ts';
import { renderErrorList, renderOpenApi } from '../src/gateway/index.ts';

const root = join(import.meta.dirname, '..');
const pages: [path: string, text: string][] = [
  ['docs/openapi.json', renderOpenApi(manifest.version)],
  ['docs/errors.md', renderErrorList()],
];
for (const [language, suffix] of [
  ['en', ''],
  ['fr', '.fr'],
] as const) {
  pages.push([`docs/cli${suffix}.md`, cliPage(commands, language)]);
  pages.push([`README${suffix}.md`, withSettings(readFileSync(join(root, `README${suffix}.md`), 'utf8'), language)]);
}
for (const [path, text] of pages) {
  writeFileSync(join(root, path), text);
  process.stdout.write(`${path}\n`);
}
