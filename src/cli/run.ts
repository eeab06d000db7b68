import { dataDirectory, isIntramurosError, type ResolvedSettings, readSettings } from '../base/index.ts';
import { commands } from './commands/index.ts';
import { describeFailure } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import type { Flags } from './flags.ts';
import { commandHelp, overview } from './help.ts';
import { checkArguments, type Invocation, parseCommandLine } from './parse.ts';
import { listenForStop } from './stop-signals.ts';
import { styled } from './terminal/style.ts';
import { openTerminal, type Terminal } from './terminal/terminal.ts';
import type { Context, House } from './types.ts';
import { UsageError } from './usage-error.ts';
import { chooseLanguage, type Language, sentence } from './words.ts';

/**
 * Runs one command line and returns its exit code. Never throws: a failure is one sentence on standard error, and a
 * document `{ "error": … }` on standard output under `--json`.
 */
export async function runCli(argv: readonly string[], house: House): Promise<number> {
  const terminal = openTerminal(process.env, { noColor: argv.includes('--no-color') });
  terminal.output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.success); // the reader, such as head, has had enough
    throw error;
  });
  const stop = listenForStop();
  const early = earlyLanguage(argv);
  let invocation: Invocation | undefined;
  let language = early;
  try {
    invocation = parseCommandLine(argv, commands);
    const context = openContext(invocation, { house, terminal, signal: stop.signal });
    language = context.language;
    return await dispatch(invocation, context);
  } catch (error) {
    if (stop.signal.aborted && (isCancelled(error) || error === stop.signal.reason)) return stop.exitCode();
    const json = invocation?.flags.has('json') ?? argv.includes('--json');
    return reportFailure(error, { terminal, language, json });
  } finally {
    stop.release();
  }
}

const isCancelled = (error: unknown): boolean =>
  (isIntramurosError(error) && error.code === 'cancelled') || (error as Error)?.name === 'AbortError';

/** The language before the settings are known: what the flag or the environment says. */
function earlyLanguage(argv: readonly string[]): Language {
  const at = argv.indexOf('--language');
  const given = at >= 0 ? argv[at + 1] : argv.find((item) => item.startsWith('--language='))?.slice(11);
  return chooseLanguage(given, process.env.INTRAMUROS_LANGUAGE ?? 'auto', process.env);
}

async function dispatch({ command, flags }: Invocation, context: Context): Promise<number> {
  const help = {
    language: context.language,
    columns: Math.min(100, context.terminal.columns() ?? 100),
    color: context.terminal.color,
  };
  if (command === undefined) {
    context.print(overview(commands, help));
    return flags.has('help') ? exitCodes.success : exitCodes.usage;
  }
  if (flags.has('help')) {
    context.print(commandHelp(command, help));
    return exitCodes.success;
  }
  checkArguments(command, context.args);
  return (await command.run(context)) ?? exitCodes.success;
}

function openContext(
  { flags, args }: Invocation,
  parts: { house: House; terminal: Terminal; signal: AbortSignal },
): Context {
  const { terminal } = parts;
  flags.oneOf('language', ['fr', 'en', 'auto']);
  const home = flags.text('home') ?? dataDirectory();
  let resolved: ResolvedSettings | undefined;
  const read = (): ResolvedSettings => {
    resolved ??= readSettings({ home, flags: settingFlags(flags) });
    return resolved;
  };
  const language = chooseLanguage(flags.text('language'), settingLanguage(read), process.env);
  return {
    ...parts,
    commands,
    home,
    environment: process.env,
    resolved: read,
    flags,
    args,
    language,
    say: (words) => sentence(words, language),
    json: flags.has('json'),
    verbose: flags.has('verbose'),
    print: (line) => void terminal.output.write(`${line}\n`),
    printJson: (value, options = {}) =>
      void terminal.output.write(`${JSON.stringify(value, null, options.line ? undefined : 2)}\n`),
    note: (line) => void terminal.errors.write(`${line}\n`),
  };
}

/** The language setting, or auto beside a configuration that cannot be read: that failure belongs to who needs it. */
function settingLanguage(read: () => ResolvedSettings): string {
  try {
    return read().settings.language;
  } catch (error) {
    if (isIntramurosError(error)) return process.env.INTRAMUROS_LANGUAGE ?? 'auto';
    throw error;
  }
}

/** Options that are settings given for one call. */
function settingFlags(flags: Flags): Record<string, unknown> {
  const names = { host: 'host', port: 'port', language: 'language', offline: 'offline' } as const;
  const values: Record<string, unknown> = {};
  for (const [option, setting] of Object.entries(names)) {
    if (flags.has(option)) values[setting] = flags.text(option) ?? true;
  }
  return values;
}

function reportFailure(
  error: unknown,
  { terminal, language, json }: { terminal: Terminal; language: Language; json: boolean },
): number {
  const view = describeFailure(error, language);
  if (json) terminal.output.write(`${JSON.stringify({ error: view })}\n`);
  terminal.errors.write(`${styled('intramuros:', 'red', terminal.errorColor)} ${view.message}\n`);
  if (view.code === 'internal' && process.env.INTRAMUROS_LOG_LEVEL === 'debug') {
    terminal.errors.write(`${(error as Error)?.stack ?? ''}\n`);
  }
  if (!(error instanceof UsageError)) return exitCodes.failure;
  const line = `intramuros help${error.command ? ` ${error.command}` : ''}`;
  terminal.errors.write(`${sentence({ en: 'Help: ', fr: 'Aide : ' }, language)}${line}\n`);
  return exitCodes.usage;
}
