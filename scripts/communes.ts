/**
 * `node scripts/communes.ts <folder of @etalab/decoupage-administratif>`: writes the list of communes that the detectors read.
 * The package (MIT) carries INSEE's official geographic code (Licence Ouverte 2.0); it is no dependency, its data are large.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Commune {
  readonly nom: string;
  readonly type: string;
  readonly population?: number;
}

// From this many people on, a name is taken for a place with fewer words around it that say so.
const largePopulation = 8_000;

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Name the folder of the unpacked package.');
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
const communes = JSON.parse(readFileSync(join(folder, 'data', 'communes.json'), 'utf8')) as readonly Commune[];

const populations = new Map<string, number>();
// Of one or two letters, such as Y or Eu, a word says nothing.
for (const { nom, type, population = 0 } of communes)
  if (type === 'commune-actuelle' && nom.length > 2)
    populations.set(nom, Math.max(populations.get(nom) ?? 0, population));

const plain = (name: string): string => name.normalize('NFKD');
const lines = [...populations.keys()]
  .sort((a, b) => (plain(a) < plain(b) ? -1 : 1))
  .map((name) => (populations.get(name)! >= largePopulation ? `${name}+` : name));
const head = `# Communes of France, one a line; + behind those of 8,000 people and more. Made by scripts/communes.ts from the official
# geographic code of INSEE (Licence Ouverte 2.0) as npm's @etalab/decoupage-administratif ${version} (MIT) carries it.
`;
writeFileSync(new URL('../src/personal/detect/data/communes.txt', import.meta.url), `${head}${lines.join('\n')}\n`);
process.stdout.write(`${lines.length} communes\n`);
