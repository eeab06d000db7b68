import { Flags } from './flags.ts';
import type { Command, OptionSpec } from './types.ts';
import { UsageError } from './usage-error.ts';

/** Options that every command takes. */
export const globalOptions: readonly OptionSpec[] = [
  {
    name: 'json',
    about: {
      en: 'Write JSON on standard output: one document, or one line an event.',
      fr: 'Écrire du JSON sur la sortie standard : un document, ou une ligne par événement.',
    },
  },
  {
    name: 'language',
    value: { en: 'LANGUAGE', fr: 'LANGUE' },
    complete: ['fr', 'en', 'auto'],
    about: { en: 'Speak fr or en; auto follows LANG.', fr: 'Parler fr ou en ; auto suit LANG.' },
  },
  {
    name: 'home',
    value: { en: 'FOLDER', fr: 'DOSSIER' },
    complete: 'file',
    about: {
      en: 'Data directory, instead of INTRAMUROS_HOME or ~/.intramuros.',
      fr: 'Dossier des données, au lieu de INTRAMUROS_HOME ou ~/.intramuros.',
    },
  },
  {
    name: 'verbose',
    short: 'v',
    about: { en: 'Say more on standard error.', fr: 'En dire plus sur la sortie d’erreur.' },
  },
  { name: 'no-color', about: { en: 'No colour, as NO_COLOR does.', fr: 'Sans couleur, comme NO_COLOR.' } },
  { name: 'help', short: 'h', about: { en: 'Show this help.', fr: 'Afficher cette aide.' } },
];

/** A command line, understood. */
export interface Invocation {
  readonly command: Command | undefined;
  readonly flags: Flags;
  readonly args: readonly string[];
}

/**
 * Reads a command line. Options may stand before or after the command and its arguments; `--` ends them.
 * @throws {UsageError} for a command, option or argument that does not exist or misses its value.
 */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): Invocation {
  const values = new Map<string, string | true>();
  const words: string[] = [];
  let command: Command | undefined;
  const known = (): readonly OptionSpec[] => [...globalOptions, ...(command?.options ?? [])];
  for (let at = 0; at < argv.length; at += 1) {
    const item = argv[at] ?? '';
    if (item === '--') {
      words.push(...argv.slice(at + 1));
      break;
    }
    if (command === undefined && (item === '--version' || item === '-V')) command = findCommand('version', commands);
    else if (item.startsWith('-') && item !== '-' && !(command !== undefined && isNegativeNumber(item))) {
      at += readOption(item, argv[at + 1], { known: known(), values, command });
    } else if (command === undefined) command = findCommand(item, commands);
    else words.push(item);
  }
  return { command, flags: new Flags(values), args: words };
}

const isNegativeNumber = (text: string): boolean => /^-\d/.test(text);

function findCommand(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const near = nearest(
    name,
    commands.map((command) => command.name),
  );
  throw new UsageError({
    en: `There is no command "${name}".${near === undefined ? '' : ` Did you mean "${near}"?`}`,
    fr: `La commande « ${name} » n’existe pas.${near === undefined ? '' : ` Vouliez-vous dire « ${near} » ?`}`,
  });
}

/** Reads one option into `values`; returns 1 when it took the next word too. */
function readOption(
  item: string,
  next: string | undefined,
  scope: { known: readonly OptionSpec[]; values: Map<string, string | true>; command: Command | undefined },
): 0 | 1 {
  const equals = item.indexOf('=');
  const written = equals < 0 ? item : item.slice(0, equals);
  const spec = scope.known.find(({ name, short }) => `--${name}` === written || `-${short}` === written);
  if (spec === undefined) {
    const near = nearest(
      written,
      scope.known.map(({ name }) => `--${name}`),
    );
    throw new UsageError(
      {
        en: `There is no option ${written}${scope.command ? ` for "${scope.command.name}"` : ''}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
        fr: `L’option ${written} n’existe pas${scope.command ? ` pour « ${scope.command.name} »` : ''}.${near === undefined ? '' : ` Vouliez-vous dire ${near} ?`}`,
      },
      scope.command?.name,
    );
  }
  if (spec.value === undefined) {
    if (equals >= 0) {
      throw new UsageError(
        { en: `--${spec.name} takes no value.`, fr: `--${spec.name} ne prend pas de valeur.` },
        scope.command?.name,
      );
    }
    scope.values.set(spec.name, true);
    return 0;
  }
  const value = equals >= 0 ? item.slice(equals + 1) : next;
  if (value === undefined) {
    throw new UsageError(
      {
        en: `--${spec.name} needs a value: --${spec.name} ${spec.value.en}.`,
        fr: `--${spec.name} attend une valeur : --${spec.name} ${spec.value.fr}.`,
      },
      scope.command?.name,
    );
  }
  scope.values.set(spec.name, value);
  return equals >= 0 ? 0 : 1;
}

/** Refuses too few or too many arguments. */
export function checkArguments(command: Command, args: readonly string[]): void {
  const specs = command.arguments ?? [];
  const missing = specs[args.length];
  if (missing !== undefined && !missing.optional) {
    throw new UsageError(
      {
        en: `"${command.name}" needs ${missing.name.en}: ${missing.about.en}`,
        fr: `« ${command.name} » attend ${missing.name.fr} : ${missing.about.fr}`,
      },
      command.name,
    );
  }
  if (args.length > specs.length && !specs.at(-1)?.rest) {
    throw new UsageError(
      {
        en: `"${command.name}" does not take "${args[specs.length]}".`,
        fr: `« ${command.name} » ne prend pas « ${args[specs.length]} ».`,
      },
      command.name,
    );
  }
}

/** The candidate that a slip of the finger away would be, if any is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  const best = ranked.sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein distance: insertions, deletions and substitutions. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
