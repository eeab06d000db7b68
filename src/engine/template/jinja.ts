import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { IntramurosError } from '../../base/index.ts';

/** What the template itself raised (`raise_exception`), as opposed to a template that cannot be run. */
export class TemplateRefusal extends Error {}

type Program = Parameters<Interpreter['run']>[0];

/** A token as the library's lexer gives it (its declarations do not resolve under `nodenext`). */
interface Token {
  readonly type: string;
  readonly value: string;
}

interface Compiled {
  readonly program: Program;
  /** Texts that the template looks for in strings: `'</think>' in content`, `content.split('</think>')`. */
  readonly soughtTexts: readonly string[];
}

const compiled = new Map<string, Compiled>();
const compiledMost = 16;

/**
 * A chat template, parsed once and kept.
 * @throws {IntramurosError} `model_unusable` when it is no Jinja that we can read.
 */
export function compileTemplate(source: string): Compiled {
  const known = compiled.get(source);
  if (known) return known;
  try {
    const tokens = tokenize(withoutGenerationTags(source), { lstrip_blocks: true, trim_blocks: true });
    const result = { program: parse(tokens), soughtTexts: soughtTexts(tokens) };
    for (const oldest of [...compiled.keys()].slice(0, Math.max(0, compiled.size + 1 - compiledMost))) {
      compiled.delete(oldest);
    }
    compiled.set(source, result);
    return result;
  } catch (error) {
    throw new IntramurosError(
      'model_unusable',
      `The chat template in this model's file cannot be read: ${(error as Error).message}. Use the model for plain completions, or install another build of it.`,
      { cause: error },
    );
  }
}

/** `{% generation %}` marks what to train on; for rendering it is a block that is always taken. */
function withoutGenerationTags(source: string): string {
  return source
    .replace(/\{%(-?)\s*generation\s*(-?)%\}/g, '{%$1 if true $2%}')
    .replace(/\{%(-?)\s*endgeneration\s*(-?)%\}/g, '{%$1 endif $2%}');
}

const seekers = new Set(['split', 'rsplit', 'startswith', 'endswith', 'replace', 'find', 'rfind', 'index', 'count']);

function soughtTexts(tokens: readonly Token[]): readonly string[] {
  const sought = tokens.filter((token, at) => {
    if (token.type !== 'StringLiteral' || token.value === '') return false;
    const next = tokens[at + 1]?.value;
    if (next === 'in' || (next === 'not' && tokens[at + 2]?.value === 'in')) return true;
    return tokens[at - 1]?.type === 'OpenParen' && seekers.has(tokens[at - 2]?.value ?? '');
  });
  return [...new Set(sought.map((token) => token.value))];
}

/** Runs a compiled template over `variables`, with the functions that model authors count on. */
export function runTemplate(
  { program }: Compiled,
  variables: Readonly<Record<string, unknown>>,
  now: Date = new Date(),
): string {
  const environment = new Environment();
  const globals = {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    range,
    raise_exception: (message: unknown) => {
      throw new TemplateRefusal(String(message));
    },
    strftime_now: (format: string) => strftime(now, format),
  };
  for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
  return String(new Interpreter(environment).run(program).value);
}

/** Python's `range`, with an end: a template comes from a model file and may not spin for ever. */
function range(...bounds: number[]): number[] {
  const [start, stop, step] =
    bounds.length < 2 ? [0, bounds[0] ?? 0, 1] : [bounds[0] ?? 0, bounds[1] ?? 0, bounds[2] ?? 1];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= 1_000_000)) throw new Error(`range of ${length} steps in a chat template`);
  return Array.from({ length }, (_, at) => start + at * step);
}

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Python's `strftime` in its C locale: templates expect English names whatever the language of the machine. */
export function strftime(date: Date, format: string): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const parts: Readonly<Record<string, () => string>> = {
    '%Y': () => String(date.getFullYear()),
    '%y': () => two(date.getFullYear() % 100),
    '%m': () => two(date.getMonth() + 1),
    '%d': () => two(date.getDate()),
    '%e': () => String(date.getDate()).padStart(2),
    '%H': () => two(date.getHours()),
    '%I': () => two(date.getHours() % 12 || 12),
    '%M': () => two(date.getMinutes()),
    '%S': () => two(date.getSeconds()),
    '%p': () => (date.getHours() < 12 ? 'AM' : 'PM'),
    '%B': () => months[date.getMonth()] ?? '',
    '%b': () => (months[date.getMonth()] ?? '').slice(0, 3),
    '%A': () => days[date.getDay()] ?? '',
    '%a': () => (days[date.getDay()] ?? '').slice(0, 3),
    '%F': () => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    '%%': () => '%',
  };
  return format.replace(/%./g, (code) => parts[code]?.() ?? code);
}
