import { chooseModel } from '../choose-model.ts';
import { withServer } from '../http/connect.ts';
import { readInput } from '../read-input.ts';
import { safeText } from '../terminal/style.ts';
import type { Command } from '../types.ts';

export const tokenize: Command = {
  name: 'tokenize',
  summary: {
    en: 'Show how a model cuts a text into tokens.',
    fr: 'Montrer comment un modèle découpe un texte en jetons.',
  },
  arguments: [
    {
      name: { en: 'TEXT', fr: 'TEXTE' },
      about: { en: 'The text; standard input when absent.', fr: 'Le texte ; l’entrée standard en son absence.' },
      optional: true,
      rest: true,
    },
  ],
  options: [
    {
      name: 'model',
      short: 'm',
      value: { en: 'MODEL', fr: 'MODÈLE' },
      complete: 'model',
      about: { en: 'Installed model.', fr: 'Modèle installé.' },
    },
  ],
  async run(context) {
    const text = context.args.length > 0 ? context.args.join(' ') : await readInput(context);
    return withServer(context, async (client) => {
      const model = await chooseModel(client, context);
      const { tokens } = await client.call<{ tokens: { id: number; piece: string | number[] }[] }>(
        'POST',
        '/tokenize',
        { model, content: text, with_pieces: true },
        { signal: context.signal },
      );
      if (context.json) context.printJson({ model, count: tokens.length, tokens });
      else {
        for (const { id, piece } of tokens) {
          context.print(
            `${String(id).padStart(7)}  ${typeof piece === 'string' ? JSON.stringify(safeText(piece)) : piece.join(' ')}`,
          );
        }
        context.note(context.say({ en: `${tokens.length} tokens`, fr: `${tokens.length} jetons` }));
      }
      return 0;
    });
  },
};
