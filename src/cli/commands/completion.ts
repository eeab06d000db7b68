import { settingsSchema } from '../../base/index.ts';
import { candidates, completionScript, shells } from '../completion-script.ts';
import { modelNames } from '../library.ts';
import type { Command, Completion, Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

export const completion: Command = {
  name: 'completion',
  summary: { en: 'Write the completion script of a shell.', fr: 'Écrire le script de complétion d’un shell.' },
  arguments: [
    {
      name: { en: 'SHELL', fr: 'SHELL' },
      about: { en: 'bash, zsh or fish.', fr: 'bash, zsh ou fish.' },
      optional: true,
      rest: true,
      complete: shells,
    },
  ],
  options: [
    {
      name: 'complete',
      about: {
        en: 'Give the words that may follow those after "--": for the scripts themselves.',
        fr: 'Donner les mots qui peuvent suivre ceux d’après « -- » : pour les scripts eux-mêmes.',
      },
    },
  ],
  examples: [
    {
      line: 'source <(intramuros completion bash)',
      about: { en: 'completion in this shell', fr: 'complétion dans ce shell' },
    },
  ],
  async run(context) {
    if (context.flags.has('complete')) {
      for (const word of await candidates(context.args, context.commands, (kind) => valuesOf(kind, context)))
        context.print(word);
      return 0;
    }
    const shell = shells.find((name) => name === context.args[0]);
    if (shell === undefined) {
      throw new UsageError(
        { en: `Name a shell: ${shells.join(', ')}.`, fr: `Nommez un shell : ${shells.join(', ')}.` },
        'completion',
      );
    }
    context.terminal.output.write(completionScript(shell));
    return 0;
  },
};

async function valuesOf(kind: Completion, context: Context): Promise<readonly string[]> {
  if (typeof kind !== 'string') return kind;
  if (kind === 'setting') return Object.keys(settingsSchema.shape);
  if (kind === 'file') return []; // the shell's own
  return modelNames(context, kind);
}
