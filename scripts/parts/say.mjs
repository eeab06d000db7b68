// What set-up says while it works: one sentence a step, in French or English, with progress that a log can hold too.

/** Language of the person at the terminal. */
export const language = /^fr/i.test(
  process.env.INTRAMUROS_LANGUAGE && process.env.INTRAMUROS_LANGUAGE !== 'auto'
    ? process.env.INTRAMUROS_LANGUAGE
    : process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || '',
)
  ? 'fr'
  : 'en';

/** A failure of set-up whose message says what to do; printed without a stack. */
export class SetupError extends Error {
  constructor(words) {
    super(words[language]);
    this.name = 'SetupError';
  }
}

/** Writes one line to standard error (standard output belongs to the program that runs afterwards). */
export function say(words) {
  process.stderr.write(`${words[language]}\n`);
}

const elapsed = (startedAt) => {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

/**
 * Says that a step started, then how far it is: a line that rewrites itself on a terminal, a line each 15 s elsewhere.
 * @param words what is being done, by language.
 * @param progress optional; gives a short text such as "212 / 420".
 * @returns a function that ends the step and says how long it took.
 */
export function step(words, progress = () => '') {
  const startedAt = Date.now();
  const line = () => `${words[language]}… ${[progress(), elapsed(startedAt)].filter(Boolean).join(', ')}`;
  const terminal = process.stderr.isTTY === true;
  process.stderr.write(terminal ? line() : `${words[language]}…\n`);
  const timer = setInterval(
    () => process.stderr.write(terminal ? `\r\x1b[K${line()}` : `${line()}\n`),
    terminal ? 500 : 15_000,
  );
  return (outcome) => {
    clearInterval(timer);
    const end = outcome === undefined ? line() : `${words[language]}: ${outcome[language]}`;
    process.stderr.write(terminal ? `\r\x1b[K${end}\n` : `${end}\n`);
  };
}
