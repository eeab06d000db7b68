import { readFileSync } from 'node:fs';
import { readInput } from '../read-input.ts';
import type { Context } from '../types.ts';
import { CommandError, UsageError } from '../usage-error.ts';

const command = 'upstream';

/** What `upstream add` declares: a whole file, or the options. */
export async function readDeclaration(context: Context, id: string): Promise<Record<string, unknown>> {
  const { flags } = context;
  const file = flags.text('file');
  const declared = file === undefined ? fromOptions(context, id) : { ...parseFile(file), id };
  const secret = await readSecret(context);
  return secret === undefined ? declared : { ...declared, secret };
}

function fromOptions({ flags }: Context, id: string): Record<string, unknown> {
  const need = (name: string): string => {
    const value = flags.text(name);
    if (value !== undefined) return value;
    throw new UsageError(
      { en: `upstream add needs --${name}, or --file.`, fr: `upstream add attend --${name}, ou --file.` },
      command,
    );
  };
  const retention = flags.number('retention-days', { min: 0, whole: true });
  const destination = {
    tier: need('tier'),
    country: flags.text('country'),
    operatorCountry: flags.text('operator-country'),
    extraEuExposure: yesOrNo('extra-eu-exposure', need('extra-eu-exposure')),
    retentionDays: retention,
    trainsOnData: yesOrNo('trains-on-data', flags.text('trains-on-data')),
    dpaRef: flags.text('dpa'),
    enclave: flags.has('enclave'),
  };
  return {
    id,
    title: flags.text('title') ?? id,
    kind: need('kind'),
    urls: listOf(need('url')),
    flavour: flags.text('flavour'),
    region: flags.text('region'),
    models: listOf(flags.text('models') ?? '').map((name) => ({ name })),
    fallbacks: listOf(flags.text('fallbacks') ?? ''),
    destination,
  };
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function yesOrNo(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (['yes', 'oui', 'true'].includes(text)) return true;
  if (['no', 'non', 'false'].includes(text)) return false;
  throw new UsageError(
    { en: `--${name} wants yes or no, found "${text}".`, fr: `--${name} attend yes ou no, trouvé « ${text} ».` },
    command,
  );
}

function parseFile(file: string): Record<string, unknown> {
  const value = parseJson(readText(file), file);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw notJson(file);
}

/** From a file or standard input, never from the command line, where other users of the machine could read it. */
async function readSecret(context: Context): Promise<unknown> {
  const from = context.flags.text('secret-file');
  if (from === undefined) return undefined;
  const text = (from === '-' ? await readInput(context) : readText(from)).trim();
  return text.startsWith('{') ? parseJson(text, from) : { apiKey: text.split('\n')[0]?.trim() };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const words = { en: `${file} cannot be read (${code}).`, fr: `${file} n’est pas lisible (${code}).` };
    throw new CommandError('file_unreadable', words, { cause: error });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notJson(file); // the parser's own words would repeat the file, which may hold a secret
  }
}

const notJson = (file: string): CommandError =>
  new CommandError('invalid_request', {
    en: `${file} holds no JSON object.`,
    fr: `${file} ne contient pas d’objet JSON.`,
  });
