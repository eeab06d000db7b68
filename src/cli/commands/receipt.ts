import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { call } from '../admin/wire.ts';
import { getServer } from '../http/connect.ts';
import type { Command } from '../types.ts';
import { UsageError } from '../usage-error.ts';

export const receipt: Command = {
  name: 'receipt',
  summary: {
    en: 'Fetch the receipt of one of your answers.',
    fr: 'Obtenir le reçu d’une de vos réponses.',
  },
  details: {
    en: 'What was decided and what answered, with the proof that it stands in the log, and what you asked and were answered: whoever has the file reads it. Verify it anywhere: intramuros verify FILE.',
    fr: 'Ce qui a été décidé et ce qui a répondu, avec la preuve que c’est au journal, et ce que vous avez demandé et reçu : qui détient le fichier le lit. Vérifiez-le n’importe où : intramuros verify FICHIER.',
  },
  arguments: [
    { name: { en: 'MESSAGE', fr: 'MESSAGE' }, about: { en: 'Id of the answer.', fr: 'Identifiant de la réponse.' } },
    {
      name: { en: 'FILE', fr: 'FICHIER' },
      about: {
        en: 'File to write; without it, standard output.',
        fr: 'Fichier à écrire ; sans lui, la sortie standard.',
      },
      optional: true,
      complete: 'file',
    },
  ],
  examples: [
    {
      line: 'intramuros receipt msg_01jd3k receipt.json',
      about: { en: 'the receipt, in a file', fr: 'le reçu, dans un fichier' },
    },
  ],
  async run(context) {
    const [message, file] = context.args;
    if (message === undefined) {
      throw new UsageError({ en: 'Which answer?', fr: 'De quelle réponse ?' }, 'receipt');
    }
    const server = await getServer(context);
    const path = `/api/messages/${encodeURIComponent(message)}/receipt`;
    const found = await call<object>(context, server, 'GET', path);
    if (file === undefined) context.printJson(found);
    else {
      writeFileSync(resolve(file), `${JSON.stringify(found, null, 1)}\n`, { mode: 0o600 });
      context.note(context.say({ en: `Written to ${resolve(file)}.`, fr: `Écrit dans ${resolve(file)}.` }));
    }
    return 0;
  },
};
