import { existsSync, statSync } from 'node:fs';
import { filesOf, type PolicyFile, readFolder } from '../../policy/index.ts';
import type { Context } from '../types.ts';
import { CommandError } from '../usage-error.ts';

/** The policy of a folder that somebody named; without one, that of the data directory or of the product. */
export function filesIn(context: Context, folder: string | undefined): readonly PolicyFile[] {
  if (folder === undefined) return filesOf(context.home);
  const files = existsSync(folder) && statSync(folder).isDirectory() ? readFolder(folder) : [];
  if (files.some(({ name }) => name.endsWith('.cedar'))) return files;
  throw new CommandError('policy_folder_empty', {
    en: `The folder ${folder} holds no file of rules (*.cedar).`,
    fr: `Le dossier ${folder} ne contient aucun fichier de règles (*.cedar).`,
  });
}
