import { exitCodes } from './exit-codes.ts';
import { globalOptions } from './parse.ts';
import { styled } from './terminal/style.ts';
import { textWidth, wrapText } from './terminal/text-width.ts';
import type { Command, OptionSpec } from './types.ts';
import { type Language, sentence, type Words } from './words.ts';

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

const colon = { en: ': ', fr: '\u00a0: ' };

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
    ...wrapText(sentence(words.about, language), options.columns),
    '',
    `${styled(sentence(words.usage, language), 'bold', color)}${colon[language]}intramuros ${sentence(words.command, language)} [${sentence(words.option, language)}]`,
    '',
    section(
      sentence(words.commands, language),
      commands.map(({ name, summary }) => [name, sentence(summary, language)]),
      options,
    ),
    '',
    section(
      sentence(words.everywhere, language),
      globalOptions.map((option) => optionRow(option, language)),
      options,
    ),
    '',
    section(
      sentence(words.codes, language),
      codeWords.map(([code, about]) => [String(code), sentence(about, language)]),
      options,
    ),
    '',
    sentence(words.more, language),
  ].join('\n');
}

/** The help of one command. */
export function commandHelp(command: Command, options: HelpOptions): string {
  const { language, columns, color } = options;
  const parts = [
    wrapText(sentence(command.summary, language), columns).join('\n'),
    `${styled(sentence(words.usage, language), 'bold', color)}${colon[language]}${usageLine(command, language)}`,
  ];
  if (command.details) {
    const paragraphs = sentence(command.details, language).split('\n\n');
    parts.push(paragraphs.map((paragraph) => wrapText(paragraph, columns).join('\n')).join('\n\n'));
  }
  const rows = (command.arguments ?? []).map(
    (argument) => [sentence(argument.name, language), sentence(argument.about, language)] as const,
  );
  if (rows.length > 0) parts.push(section(sentence(words.arguments, language), rows, options));
  const optionRows = (command.options ?? []).map((option) => optionRow(option, language));
  if (optionRows.length > 0) parts.push(section(sentence(words.options, language), optionRows, options));
  parts.push(
    section(
      sentence(words.everywhere, language),
      globalOptions.map((option) => optionRow(option, language)),
      options,
    ),
  );
  if (command.examples) {
    const lines = command.examples.map(
      ({ line, about }) => `  ${styled(`# ${sentence(about, language)}`, 'dim', color)}\n  ${line}`,
    );
    parts.push([`${styled(sentence(words.examples, language), 'bold', color)}`, ...lines].join('\n'));
  }
  return parts.join('\n\n');
}

/** `intramuros ask [options] [PROMPT …]` */
export function usageLine(command: Command, language: Language): string {
  const names = (command.arguments ?? []).map((argument) => {
    const name = `${sentence(argument.name, language)}${argument.rest ? ' …' : ''}`;
    return argument.optional ? `[${name}]` : name;
  });
  return ['intramuros', command.name, `[${sentence(words.option, language)}]`, ...names].join(' ');
}

function optionRow(option: OptionSpec, language: Language): readonly [string, string] {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  const value = option.value === undefined ? '' : ` ${sentence(option.value, language)}`;
  return [`${short}--${option.name}${value}`, sentence(option.about, language)];
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
