import type { Words } from './words.ts';

/** The command was called in a way it does not know. Exit code 2. */
export class UsageError extends Error {
  readonly words: Words;
  /** Command whose help answers it. */
  readonly command: string | undefined;
  constructor(words: Words, command?: string) {
    super(words.en);
    this.name = 'UsageError';
    this.words = words;
    this.command = command;
  }
}

/** A command failed for a reason that has words of its own. Exit code 1 unless it says otherwise. */
export class CommandError extends Error {
  readonly words: Words;
  readonly code: string;
  constructor(code: string, words: Words, options: { readonly cause?: unknown } = {}) {
    super(words.en, options);
    this.name = 'CommandError';
    this.code = code;
    this.words = words;
  }
}
