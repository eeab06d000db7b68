import type { Language } from '../words.ts';
import { clockText, percentText, sizeText } from './quantities.ts';
import { styled } from './style.ts';
import type { Terminal } from './terminal.ts';
import { cutText } from './text-width.ts';

export interface ProgressState {
  readonly label: string;
  readonly completedBytes: number;
  readonly totalBytes: number | undefined;
  readonly bytesPerSecond: number;
}

/** One line of progress with size, rate and remaining time. */
export function progressLine(state: ProgressState, columns: number, language: Language): string {
  const { label, completedBytes, totalBytes, bytesPerSecond } = state;
  const size = (bytes: number): string => sizeText(bytes, language);
  const rate = bytesPerSecond > 0 ? `${size(bytesPerSecond)}/s` : '';
  if (totalBytes === undefined || totalBytes <= 0) {
    return cutText([label, size(completedBytes), rate].filter(Boolean).join('  '), columns);
  }
  const share = Math.min(1, completedBytes / totalBytes);
  const seconds = bytesPerSecond > 0 ? (totalBytes - completedBytes) / bytesPerSecond : undefined;
  const left = seconds === undefined ? '' : `${language === 'fr' ? 'reste' : 'left'} ${clockText(seconds)}`;
  const facts = [percentText(share, language), `${size(completedBytes)} / ${size(totalBytes)}`, rate, left];
  const text = facts.filter(Boolean).join('  ');
  const room = Math.min(40, columns - label.length - text.length - 6);
  const bar = room < 8 ? '' : `[${'='.repeat(Math.round(share * room)).padEnd(room, ' ')}]  `;
  return cutText(`${label}  ${bar}${text}`, columns);
}

/** Shows progress on standard error: a line that rewrites itself on a terminal, else a line each 10 %, at most one in 5 s. */
export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #language: Language;
  #lastShare = -1;
  #lastAt = 0;
  #drawn = false;

  constructor(terminal: Terminal, language: Language) {
    this.#terminal = terminal;
    this.#language = language;
  }

  update(state: ProgressState): void {
    if (this.#terminal.errorsIsTerminal) {
      const columns = (this.#terminal.columns() ?? 80) - 1;
      this.#terminal.errors.write(`\r\x1b[K${progressLine(state, columns, this.#language)}`);
      this.#drawn = true;
      return;
    }
    const share = state.totalBytes ? state.completedBytes / state.totalBytes : 0;
    const now = Date.now();
    if (share < this.#lastShare + 0.1 && share < 1 && now - this.#lastAt < 30_000) return;
    if (share <= this.#lastShare || now - this.#lastAt < 5000) return;
    [this.#lastShare, this.#lastAt] = [share, now];
    this.#terminal.errors.write(`${progressLine(state, 200, this.#language)}\n`);
  }

  /** A remark above the bar. */
  say(line: string): void {
    this.clear();
    this.#terminal.errors.write(`${styled(line, 'dim', this.#terminal.errorColor)}\n`);
  }

  clear(): void {
    if (this.#drawn) this.#terminal.errors.write('\r\x1b[K');
    this.#drawn = false;
  }
}
