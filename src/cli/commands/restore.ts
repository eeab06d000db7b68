import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openLog } from '../../base/index.ts';
import type { Command } from '../types.ts';

export const restore: Command = {
  name: 'restore',
  summary: { en: 'Make an installation from a backup.', fr: 'Refaire une installation depuis une sauvegarde.' },
  details: {
    en: 'The backup is checked whole before anything changes; a damaged one restores nothing. The data directory must be empty, or --force sets aside what is there and takes its keys over. On another machine, put your copy of house.key into the data directory before the first start.',
    fr: 'La sauvegarde est vérifiée en entier avant tout changement ; abîmée, elle ne restaure rien. Le dossier de données doit être vide, sinon --force met de côté ce qui s’y trouve et en reprend les clés. Sur une autre machine, mettez votre copie de house.key dans le dossier de données avant le premier démarrage.',
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
    const houseKey = join(done.home, 'house.key');
    if (settings.houseKey === 'file' && conversations > 0 && !existsSync(houseKey)) {
      context.note(
        context.say({
          en: `Before the first start, put your copy of the house key at ${houseKey}: the conversations open with it alone.`,
          fr: `Avant le premier démarrage, mettez votre copie de la clé de la maison en ${houseKey} : elle seule ouvre les conversations.`,
        }),
      );
    }
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
