import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Context } from '../types.ts';

/** Lines that a person types. While an answer streams nothing is echoed, and Ctrl+C is the answer's. */
export interface LineReader extends Disposable {
  /** The next line; `undefined` at the end of input. */
  next(prompt: string): Promise<string | undefined>;
  /** Who hears Ctrl+C until it is set back; at the prompt, twice leaves. */
  onInterrupt: (() => void) | undefined;
}

/** Reads lines with editing and history on a terminal, as they are from a pipe. */
export function openLineReader(
  context: Context,
  options: { readonly history: readonly string[]; complete(line: string): readonly string[] },
): LineReader {
  const { terminal, signal } = context;
  const editing = terminal.inputIsTerminal && terminal.outputIsTerminal;
  let muted = true;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!muted && editing) terminal.output.write(chunk);
      done();
    },
  });
  // readline asks its output for the width to lay out long lines
  if (editing) Object.defineProperty(output, 'columns', { get: () => terminal.columns() ?? 80 });
  const reader = createInterface({
    input: terminal.input,
    output,
    terminal: editing,
    history: [...options.history],
    historySize: 500,
    removeHistoryDuplicates: true,
    completer: (line: string) => [[...options.complete(line)], line],
  });
  const lines: string[] = [];
  let wake = (): void => {};
  let ended = false;
  let interruptedAt = 0;
  const end = (): void => {
    ended = true;
    wake();
  };
  const handle: LineReader = {
    onInterrupt: undefined,
    async next(prompt) {
      muted = false;
      if (!ended) {
        reader.setPrompt(prompt);
        reader.prompt();
      }
      while (lines.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      muted = true;
      return lines.shift();
    },
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', end);
      reader.close();
    },
  };
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  reader.on('close', end);
  reader.on('SIGINT', () => {
    if (handle.onInterrupt) {
      handle.onInterrupt();
      return;
    }
    const now = Date.now();
    if (now - interruptedAt < 2000) {
      end();
      return;
    }
    interruptedAt = now;
    terminal.output.write(
      `\n${context.say({ en: 'Ctrl+C again leaves.', fr: 'Ctrl+C encore une fois pour quitter.' })}\n`,
    );
    reader.write(null, { ctrl: true, name: 'u' });
    reader.prompt();
  });
  signal.addEventListener('abort', end, { once: true });
  return handle;
}
