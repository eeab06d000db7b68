import type { Readable, Writable } from 'node:stream';

/** The three streams of a command and what the terminal behind them can do. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
  readonly errors: Writable;
  /** Standard output is a terminal. */
  readonly outputIsTerminal: boolean;
  readonly errorsIsTerminal: boolean;
  readonly inputIsTerminal: boolean;
  readonly color: boolean;
  readonly errorColor: boolean;
  /** Width of the terminal; undefined when output goes to a file or a pipe, where nothing is cut. */
  readonly columns: () => number | undefined;
}

/** Colour only on a terminal, never under NO_COLOR, `--no-color` or TERM=dumb; FORCE_COLOR asks for it anyway. */
export function openTerminal(environment: NodeJS.ProcessEnv, options: { readonly noColor: boolean }): Terminal {
  const refused = options.noColor || Boolean(environment.NO_COLOR) || environment.TERM === 'dumb';
  const forced = Boolean(environment.FORCE_COLOR) && environment.FORCE_COLOR !== '0';
  const { stdin: input, stdout: output, stderr: errors } = process;
  return {
    input,
    output,
    errors,
    outputIsTerminal: output.isTTY === true,
    errorsIsTerminal: errors.isTTY === true,
    inputIsTerminal: input.isTTY === true,
    color: !refused && (output.isTTY === true || forced),
    errorColor: !refused && (errors.isTTY === true || forced),
    columns: () => (output.isTTY ? output.columns || 80 : undefined),
  };
}
