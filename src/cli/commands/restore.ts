import { resolve } from 'node:path';
import { openLog } from '../../base/index.ts';
import type { Command } from '../types.ts';

export const restore: Command = {
  name: 'restore',
  summary: { en: 'Make an installation from a backup.', fr: 'Refaire une installation depuis une sauvegarde.' },
  details: {
    en: 'The backup is checked whole before anything changes; a damaged one restores nothing. The data directory must be empty, or --force sets aside what is there.',
    fr: 'La sauvegarde est vérifiée en entier avant tout changement ; abîmée, elle ne restaure rien. Le dossier de données doit être vide, sinon --force met de côté ce qui s’y trouve.',
  },
  arguments: [
    {
      name: { en: 'FILE', fr: 'FICHIER' },
      about: { en: 'File that "backup" made.', fr: 'Fichier fait par « backup ».' },
      complete: 'file',
    },
  ],
  options: [
    {
      name: 'force',
      about: {
        en: 'Set aside what the data directory holds.',
        fr: 'Mettre de côté ce que contient le dossier de données.',
      },
    },
  ],
  async run(context) {
    const { settings } = context.resolved();
    const done = await (await import('../../store/index.ts')).restore({
      from: resolve(context.args[0] ?? ''),
      home: context.home,
      databaseUrl: settings.databaseUrl,
      force: context.flags.has('force'),
      log: openLog({ level: context.verbose ? settings.logLevel : 'error' }),
      signal: context.signal,
    });
    if (context.json) {
      context.printJson({ ...done, setAside: done.setAside ?? null });
      return 0;
    }
    const conversations = done.rows.conversations ?? 0;
    const date = done.createdAt.slice(0, 10);
    context.note(
      context.say({
        en: `Restored in ${done.home}: ${conversations} conversations, as of ${date}.`,
        fr: `Restauré dans ${done.home} : ${conversations} conversations, du ${date}.`,
      }),
    );
    if (done.setAside !== undefined) {
      context.note(
        context.say({
          en: `What was there before is in ${done.setAside}.`,
          fr: `Ce qui s’y trouvait est dans ${done.setAside}.`,
        }),
      );
    }
    return 0;
  },
};
