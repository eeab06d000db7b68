import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file of a policy, by name: `*.cedar` are rules, `cases.yaml` is the table of what they must say. */
export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

const shippedFolder = join(import.meta.dirname, '..', 'default');
export const schemaName = 'schema.cedarschema';
export const casesName = 'cases.yaml';

/** Names that a policy's files may have. */
export const fileNameForm = /^[a-z0-9][a-z0-9-]{0,60}\.cedar$/;

/** The schema of the product; an organisation writes rules against it. */
export function shippedSchema(): string {
  return readFileSync(join(shippedFolder, schemaName), 'utf8');
}

/** The policy that the product brings. */
export function shippedFiles(): readonly PolicyFile[] {
  return readFolder(shippedFolder);
}

/** Rules and cases of a folder, by name; other files are left alone. */
export function readFolder(folder: string): readonly PolicyFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cedar') || name === casesName)
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}

/** SHA-256 over names and texts and the schema, whatever order they came in. */
export function versionOf(files: readonly PolicyFile[]): string {
  const hash = createHash('sha256').update(JSON.stringify([schemaName, shippedSchema()]));
  for (const { name, text } of inOrder(files)) hash.update('\n').update(JSON.stringify([name, text]));
  return hash.digest('hex');
}

export function inOrder(files: readonly PolicyFile[]): readonly PolicyFile[] {
  return files.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
