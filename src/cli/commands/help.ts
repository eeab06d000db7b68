import { exitCodes } from '../exit-codes.ts';
import { commandHelp, overview } from '../help.ts';
import { parseCommandLine } from '../parse.ts';
import type { Command } from '../types.ts';

export const help: Command = {
  name: 'help',
  summary: { en: 'Show the help of a command.', fr: 'Afficher l’aide d’une commande.' },
  arguments: [
    {
      name: { en: 'COMMAND', fr: 'COMMANDE' },
      about: { en: 'Which command; all of them when absent.', fr: 'Quelle commande ; toutes en son absence.' },
      optional: true,
    },
  ],
  async run(context) {
    const columns = Math.min(100, context.terminal.columns() ?? 100);
    const options = { language: context.language, columns, color: context.terminal.color };
    const [name] = context.args;
    const command = name === undefined ? undefined : parseCommandLine([name], context.commands).command;
    context.print(command === undefined ? overview(context.commands, options) : commandHelp(command, options));
    return exitCodes.success;
  },
};
