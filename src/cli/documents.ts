import { commandHelp, overview } from './help.ts';
import { settingsTable } from './settings-words.ts';
import type { Command } from './types.ts';
import type { Language } from './words.ts';

const plain = (language: Language) => ({ language, columns: 100, color: false });

/** The page of docs/ that shows the help of every command. */
export function cliPage(commands: readonly Command[], language: Language): string {
  const title = language === 'fr' ? 'La ligne de commande' : 'The command line';
  const origin =
    language === 'fr'
      ? 'Page produite par `npm run -s documents` ; un test la compare à l’aide du programme.'
      : 'Made by `npm run -s documents`; a test compares it with the help of the program.';
  const block = (text: string): string => `\`\`\`text\n${text}\n\`\`\``;
  const pages = commands.map((command) => `## ${command.name}\n\n${block(commandHelp(command, plain(language)))}`);
  return [`# ${title}`, origin, block(overview(commands, plain(language))), ...pages].join('\n\n').concat('\n');
}

const marks = { open: '<!-- settings -->', close: '<!-- /settings -->' };

/** A README with its table of settings brought up to date. */
export function withSettings(text: string, language: Language): string {
  const start = text.indexOf(marks.open);
  const end = text.indexOf(marks.close);
  if (start < 0 || end < start) return text;
  return `${text.slice(0, start)}${marks.open}\n${settingsTable(language)}\n${text.slice(end)}`;
}
