import { exitCodes } from './exit-codes.ts';
import { globalOptions } from './parse.ts';
import { styled } from './terminal/style.ts';
import { textWidth, wrapText } from './terminal/text-width.ts';
import type { Command, OptionSpec } from './types.ts';
import type { Language, Words } from './words.ts';

export interface HelpOptions {
  readonly language: Language;
  readonly columns: number;
  readonly color: boolean;
}

const words = {
  usage: { en: 'Usage', fr: 'Utilisation' },
  commands: { en: 'Commands', fr: 'Commandes' },
  arguments: { en: 'Arguments', fr: 'Arguments' },
  options: { en: 'Options', fr: 'Options' },
  everywhere: { en: 'Options of every command', fr: 'Options de toutes les commandes' },
  examples: { en: 'Examples', fr: 'Exemples' },
  codes: { en: 'Exit codes', fr: 'Codes de sortie' },
  about: {
    en: 'Your own language models inside your own walls: a private assistant and an OpenAI-compatible API on this machine.',
    fr: 'Vos modèles de langue entre vos murs : un assistant privé et une API compatible OpenAI sur cette machine.',
  },
  more: {
    en: 'Help on one command: intramuros help COMMAND.',
    fr: 'Aide d’une commande : intramuros help COMMANDE.',
  },
  option: { en: 'options', fr: 'options' },
  command: { en: 'COMMAND', fr: 'COMMANDE' },
} satisfies Record<string, Words>;

const codeWords: readonly (readonly [number, Words])[] = [
  [exitCodes.success, { en: 'done', fr: 'fait' }],
  [
    exitCodes.failure,
    { en: 'failed; the reason is on standard error', fr: 'échec ; la raison est sur la sortie d’erreur' },
  ],
  [exitCodes.usage, { en: 'called in a way it does not know', fr: 'appel que la commande ne connaît pas' }],
  [exitCodes.interrupted, { en: 'interrupted by Ctrl+C', fr: 'interrompue par Ctrl+C' }],
  [exitCodes.terminated, { en: 'stopped by SIGTERM', fr: 'arrêtée par SIGTERM' }],
];

/** The page that `intramuros help` shows. */
export function overview(commands: readonly Command[], options: HelpOptions): string {
  const { language, color } = options;
  return [
    ...wrapText(words.about[language], options.columns),
    '',
    `${styled(words.usage[language], 'bold', color)}: intramuros ${words.command[language]} [${words.option[language]}]`,
    '',
    section(
      words.commands[language],
      commands.map(({ name, summary }) => [name, summary[language]]),
      options,
    ),
    '',
    section(
      words.everywhere[language],
      globalOptions.map((option) => optionRow(option, language)),
      options,
    ),
    '',
    section(
      words.codes[language],
      codeWords.map(([code, about]) => [String(code), about[language]]),
      options,
    ),
    '',
    words.more[language],
  ].join('\n');
}

/** The help of one command. */
export function commandHelp(command: Command, options: HelpOptions): string {
  const { language, columns, color } = options;
  const parts = [
    wrapText(command.summary[language], columns).join('\n'),
    `${styled(words.usage[language], 'bold', color)}: ${usageLine(command, language)}`,
  ];
  if (command.details) {
    const paragraphs = command.details[language].split('\n\n');
    parts.push(paragraphs.map((paragraph) => wrapText(paragraph, columns).join('\n')).join('\n\n'));
  }
  const rows = (command.arguments ?? []).map(
    (argument) => [argument.name[language], argument.about[language]] as const,
  );
  if (rows.length > 0) parts.push(section(words.arguments[language], rows, options));
  const optionRows = (command.options ?? []).map((option) => optionRow(option, language));
  if (optionRows.length > 0) parts.push(section(words.options[language], optionRows, options));
  parts.push(
    section(
      words.everywhere[language],
      globalOptions.map((option) => optionRow(option, language)),
      options,
    ),
  );
  if (command.examples) {
    const lines = command.examples.map(
      ({ line, about }) => `  ${styled(`# ${about[language]}`, 'dim', color)}\n  ${line}`,
    );
    parts.push([`${styled(words.examples[language], 'bold', color)}`, ...lines].join('\n'));
  }
  return parts.join('\n\n');
}

/** `intramuros ask [options] [PROMPT …]` */
export function usageLine(command: Command, language: Language): string {
  const names = (command.arguments ?? []).map((argument) => {
    const name = `${argument.name[language]}${argument.rest ? ' …' : ''}`;
    return argument.optional ? `[${name}]` : name;
  });
  return ['intramuros', command.name, `[${words.option[language]}]`, ...names].join(' ');
}

function optionRow(option: OptionSpec, language: Language): readonly [string, string] {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  const value = option.value === undefined ? '' : ` ${option.value[language]}`;
  return [`${short}--${option.name}${value}`, option.about[language]];
}

function section(title: string, rows: readonly (readonly [string, string])[], options: HelpOptions): string {
  const longest = Math.min(30, Math.max(...rows.map(([name]) => textWidth(name))));
  const indent = ' '.repeat(longest + 4);
  const lines = rows.flatMap(([name, about]) => {
    const [first = '', ...more] = wrapText(about, Math.max(20, options.columns - longest - 4));
    const head = `  ${name}`;
    const space = longest + 2 - textWidth(name);
    const start = space >= 2 ? [`${head}${' '.repeat(space)}${first}`] : [head, `${indent}${first}`];
    return [...start, ...more.map((line) => `${indent}${line}`)];
  });
  return [styled(title, 'bold', options.color), ...lines].join('\n');
}
