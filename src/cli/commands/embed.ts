import type { ServerClient } from '../http/client.ts';
import { withServer } from '../http/connect.ts';
import type { ModelView } from '../model-view.ts';
import { readInput } from '../read-input.ts';
import type { Command, Context } from '../types.ts';
import { CommandError, UsageError } from '../usage-error.ts';

export const embed: Command = {
  name: 'embed',
  summary: { en: 'Turn texts into vectors.', fr: 'Changer des textes en vecteurs.' },
  details: {
    en: 'Each argument, or each line of standard input, becomes one line: the vector as a JSON array, or with --json an object with the text’s place and the vector.',
    fr: 'Chaque argument, ou chaque ligne de l’entrée standard, devient une ligne : le vecteur en tableau JSON, ou avec --json un objet avec la place du texte et le vecteur.',
  },
  arguments: [
    {
      name: { en: 'TEXT', fr: 'TEXTE' },
      about: {
        en: 'A text; without any, the lines of standard input.',
        fr: 'Un texte ; sans aucun, les lignes de l’entrée standard.',
      },
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
      about: { en: 'Installed embedding model.', fr: 'Modèle de vecteurs installé.' },
    },
  ],
  async run(context) {
    const texts = await readTexts(context);
    return withServer(context, async (client) => {
      const model = await embeddingModel(client, context);
      for (let at = 0; at < texts.length; at += 64) {
        const input = texts.slice(at, at + 64);
        const { data } = await client.call<{ data: { index: number; embedding: number[] }[] }>(
          'POST',
          '/v1/embeddings',
          { model, input, encoding_format: 'float' },
          { signal: context.signal },
        );
        for (const { index, embedding } of data) {
          if (context.json) context.printJson({ index: at + index, model, embedding }, { line: true });
          else context.print(JSON.stringify(embedding));
        }
      }
      return 0;
    });
  },
};

async function readTexts(context: Context): Promise<readonly string[]> {
  const given = context.args.length > 0 || context.terminal.inputIsTerminal;
  const texts = given ? context.args : (await readInput(context)).split(/\r?\n/).filter((line) => line !== '');
  if (texts.length > 0) return texts;
  throw new UsageError(
    {
      en: 'There is no text: give one, or pipe lines in.',
      fr: 'Pas de texte : donnez-en un, ou envoyez des lignes par un tube.',
    },
    'embed',
  );
}

async function embeddingModel(client: ServerClient, context: Context): Promise<string> {
  const asked = context.flags.text('model');
  if (asked !== undefined) return asked;
  const { models } = await client.call<{ models: ModelView[] }>('GET', '/api/models');
  const found = models.find(({ capabilities }) => capabilities.includes('embedding'));
  if (found) return found.id;
  throw new CommandError('model_not_found', {
    en: 'No embedding model is installed. Get one: intramuros pull all-minilm:22m.',
    fr: 'Aucun modèle de vecteurs n’est installé. Obtenez-en un : intramuros pull all-minilm:22m.',
  });
}
