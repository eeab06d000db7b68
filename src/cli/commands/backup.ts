import { constants, copyFile, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openLog } from '../../base/index.ts';
import type { BackupResult } from '../../store/index.ts';
import { findServer } from '../http/connect.ts';
import { sizeText } from '../terminal/quantities.ts';
import type { Command, Context } from '../types.ts';
import { CommandError } from '../usage-error.ts';

export const backup: Command = {
  name: 'backup',
  summary: { en: 'Save the whole installation in one file.', fr: 'Enregistrer toute l’installation dans un fichier.' },
  details: {
    en: 'Conversations, settings and what is known of the models, each with its checksum. A running server goes on working meanwhile. Conversations and secrets of upstreams are in it encrypted, and their keys are not: keep copies of house.key, secrets.key and audit.key apart from it. Without house.key nobody reads the conversations again; without secrets.key the secrets are entered anew after a restore.',
    fr: 'Les conversations, les réglages et ce que l’on sait des modèles, chacun avec sa somme de contrôle. Un serveur en marche continue de travailler pendant ce temps. Les conversations et les secrets des services distants y sont chiffrés et leurs clés n’y sont pas : gardez à part des copies de house.key, secrets.key et audit.key. Sans house.key, plus personne ne lit les conversations ; sans secrets.key, les secrets sont à saisir de nouveau après une restauration.',
  },
  arguments: [
    {
      name: { en: 'FILE', fr: 'FICHIER' },
      about: {
        en: 'File to write; without it, intramuros-DATE.backup in this folder.',
        fr: 'Fichier à écrire ; sans lui, intramuros-DATE.backup dans ce dossier.',
      },
      optional: true,
      complete: 'file',
    },
  ],
  options: [
    {
      name: 'weights',
      about: { en: 'Also the model files themselves.', fr: 'Aussi les fichiers des modèles eux-mêmes.' },
    },
  ],
  async run(context) {
    const to = resolve(
      context.args[0] ?? `intramuros-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}.backup`,
    );
    const made = await save(context, to);
    if (context.json) context.printJson(made);
    else {
      const size = sizeText(made.sizeBytes, context.language);
      context.note(
        context.say({ en: `Saved in ${made.path} (${size}).`, fr: `Enregistré dans ${made.path} (${size}).` }),
      );
      context.note(
        context.say({
          en: 'The keys that open it (house.key, secrets.key, audit.key) are not in it: keep copies of them apart.',
          fr: 'Les clés qui l’ouvrent (house.key, secrets.key, audit.key) n’y sont pas : gardez-en des copies à part.',
        }),
      );
    }
    return 0;
  },
};

async function save(context: Context, to: string): Promise<BackupResult> {
  const weights = context.flags.has('weights');
  const server = await findServer(context);
  if (server === undefined) {
    const { settings } = context.resolved();
    const log = openLog({ level: context.verbose ? settings.logLevel : 'error' });
    const { backup: makeBackup } = await import('../../store/index.ts');
    return makeBackup({
      home: context.home,
      databaseUrl: settings.databaseUrl,
      to,
      weights,
      log,
      signal: context.signal,
    });
  }
  await refuseExisting(to);
  const made = await server.call<BackupResult>('POST', '/api/backup', { weights }, { signal: context.signal });
  await move(made.path, to);
  return { ...made, path: to };
}

async function refuseExisting(path: string): Promise<void> {
  if (!(await stat(path).catch(() => undefined))) return;
  throw new CommandError('conflict', {
    en: `${path} exists already. Choose another name, or remove it.`,
    fr: `${path} existe déjà. Choisissez un autre nom, ou supprimez-le.`,
  });
}

/** Moves a file, also to another disk. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await rm(from);
  }
}
