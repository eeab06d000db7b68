import { createInterface } from 'node:readline/promises';
import { findServer } from '../http/connect.ts';
import { modelPath, openLibrary } from '../library.ts';
import { sizeText } from '../terminal/quantities.ts';
import type { Command, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

export const rm: Command = {
  name: 'rm',
  summary: { en: 'Remove a model from this disk.', fr: 'Supprimer un modèle de ce disque.' },
  details: {
    en: 'A file that Ollama, LM Studio, Hugging Face or you keep elsewhere is only forgotten, not deleted.',
    fr: 'Un fichier gardé ailleurs par Ollama, LM Studio, Hugging Face ou vous-même est seulement oublié, pas supprimé.',
  },
  arguments: [
    {
      name: { en: 'MODEL', fr: 'MODÈLE' },
      about: { en: 'Name of an installed model.', fr: 'Nom d’un modèle installé.' },
      complete: 'model',
    },
  ],
  options: [{ name: 'yes', short: 'y', about: { en: 'Do not ask first.', fr: 'Ne pas demander confirmation.' } }],
  async run(context) {
    const id = context.args[0] ?? '';
    await using open = await openLibrary(context);
    const { library } = open;
    const model = await library.get(id);
    if (
      !context.flags.has('yes') &&
      !(await confirmed(context, `${model.id}, ${sizeText(model.sizeBytes, context.language)}`))
    ) {
      return 1;
    }
    const server = await findServer(context);
    if (server) await server.call('DELETE', modelPath(model.id), undefined, { signal: context.signal });
    else await library.remove(model.id);
    if (context.json) context.printJson({ removed: model.id });
    else context.note(context.say({ en: `${model.id} is removed.`, fr: `${model.id} est supprimé.` }));
    return 0;
  },
};

async function confirmed(context: Context, what: string): Promise<boolean> {
  const { terminal, say } = context;
  if (!terminal.inputIsTerminal) {
    throw new UsageError(
      {
        en: 'There is no terminal to ask for a confirmation: add --yes.',
        fr: 'Pas de terminal pour demander confirmation : ajoutez --yes.',
      },
      'rm',
    );
  }
  const reader = createInterface({ input: terminal.input, output: terminal.errors });
  try {
    const answer = await reader.question(say({ en: `Remove ${what}? [y/N] `, fr: `Supprimer ${what} ? [o/N] ` }), {
      signal: context.signal,
    });
    return /^(y|yes|o|oui)$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
