import { InlineMarkdown } from './inline-markdown.ts';
import { type Style, safeText, styled } from './style.ts';
import { formatTable } from './table.ts';
import { textWidth } from './text-width.ts';

type Block = 'text' | 'held';

/** While a line holds nothing but these, its kind is open and nothing of it is shown. */
const undecided = /^\s*(?:[#>|`~*+_=-]*|\d{1,3}[.)]?)\s*$/;

/**
 * Writes Markdown to a terminal while it streams. Words appear as soon as they are whole, wrapped at the width; headings,
 * emphasis, code, lists and quotes are styled; a table is written, aligned, when it ended. Text of the model cannot carry
 * control characters through. Links, HTML and formulas are shown as they were written.
 */
export class MarkdownWriter {
  readonly #write: (text: string) => void;
  readonly #columns: number;
  readonly #color: boolean;
  #inline: InlineMarkdown;
  #line = '';
  #block: Block | undefined;
  #heading = false;
  #fence: string | undefined;
  #table: string[] = [];
  #indent = '';
  #word = '';
  #spaces = '';
  #column = 0;

  constructor(options: { write: (text: string) => void; columns: number; color: boolean }) {
    this.#write = options.write;
    this.#columns = options.columns;
    this.#color = options.color;
    this.#inline = new InlineMarkdown(options.color);
  }

  push(text: string): void {
    const [first = '', ...more] = safeText(text).split('\n');
    this.#pushLine(first);
    for (const line of more) {
      this.#endLine();
      this.#pushLine(line);
    }
  }

  /** Writes what is held back, and a final newline. */
  end(): void {
    const open = this.#line !== '' || this.#column > 0;
    if (open) this.#endLine();
    this.#flushTable();
  }

  #pushLine(text: string): void {
    if (text === '') return;
    this.#line += text;
    if (this.#block === 'held') return;
    if (this.#block !== undefined) this.#flow(text);
    else if (this.#fence !== undefined || !undecided.test(this.#line)) this.#open();
  }

  /** The line's kind is known: starts writing it, or holds it to its end. */
  #open(): void {
    const line = this.#line;
    if (this.#fence !== undefined || /^\s*(```|~~~)/.test(line) || /^\s*\|/.test(line)) {
      this.#block = 'held';
      return;
    }
    this.#flushTable();
    const heading = /^(#{1,6})\s+/.exec(line);
    const item = /^(\s*)([-*+]|\d{1,3}[.)])\s+/.exec(line);
    const quote = /^\s*>\s?/.exec(line);
    this.#block = 'text';
    this.#heading = heading !== null;
    if (heading) this.#flow(line.slice(heading[0].length));
    else if (item) {
      const mark = `${item[1]}${/\d/.test(item[2] ?? '') ? item[2] : '•'} `;
      this.#raw(mark);
      this.#indent = ' '.repeat(mark.length);
      this.#flow(line.slice(item[0].length));
    } else if (quote) {
      this.#raw(styled('│ ', 'dim', this.#color));
      this.#indent = styled('│ ', 'dim', this.#color);
      this.#flow(line.slice(quote[0].length));
    } else this.#flow(line);
  }

  #endLine(): void {
    const line = this.#line;
    const block = this.#block;
    const markerOnly = block === undefined && line !== '';
    [this.#line, this.#block] = ['', undefined];
    if (block === 'held') this.#heldLine(line);
    else if (markerOnly && /^\s*(```|~~~)/.test(line)) this.#heldLine(line);
    else if (markerOnly && this.#fence !== undefined) this.#heldLine(line);
    else if (markerOnly && /^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      this.#flushTable();
      this.#raw(`${styled('─'.repeat(Math.min(this.#columns, 40)), 'dim', this.#color)}\n`);
    } else {
      if (line !== '' || this.#table.length > 0) this.#flushTable();
      if (markerOnly) this.#flow(line);
      this.#flow(this.#inline.end(), { styled: true });
      this.#flushWord();
      this.#write('\n');
    }
    [this.#column, this.#indent, this.#spaces, this.#word, this.#heading] = [0, '', '', '', false];
  }

  #heldLine(line: string): void {
    const fence = /^\s*(```+|~~~+)(.*)$/.exec(line);
    if (this.#fence === undefined && fence === null) {
      this.#table.push(line);
      return;
    }
    this.#flushTable();
    if (this.#fence === undefined) {
      this.#fence = fence?.[1] ?? '```';
      const language = (fence?.[2] ?? '').trim();
      if (language !== '') this.#raw(`  ${styled(language, 'dim', this.#color)}\n`);
    } else if (fence?.[1]?.startsWith(this.#fence) && fence[2]?.trim() === '') this.#fence = undefined;
    else this.#raw(`  ${styled(line, 'cyan', this.#color)}\n`);
  }

  #flushTable(): void {
    if (this.#table.length === 0) return;
    const rows = this.#table.map(splitRow);
    const separator = rows.findIndex((cells) => cells.every((cell) => /^:?-+:?$/.test(cell)));
    this.#table = [];
    const head = separator === 1 ? rows[0] : undefined;
    if (head === undefined) {
      this.#raw(`${rows.map((cells) => cells.join('  ')).join('\n')}\n`);
      return;
    }
    const columns = head.map((title, at) => ({
      title,
      flexible: true,
      align: rows[1]?.[at]?.endsWith('-:') ? ('right' as const) : ('left' as const),
    }));
    this.#raw(`${formatTable(columns, rows.slice(2), { width: this.#columns, color: this.#color })}\n`);
  }

  /** Inline text: styled, then written word by word. */
  #flow(text: string, options: { styled?: boolean } = {}): void {
    const ready = options.styled ? text : this.#inline.push(text);
    for (const part of ready.split(/([ \t]+)/)) {
      if (part === '') continue;
      if (/^[ \t]+$/.test(part)) {
        this.#flushWord();
        this.#spaces += part;
      } else this.#word += part;
    }
  }

  #flushWord(): void {
    if (this.#word === '') return;
    const width = textWidth(this.#word);
    if (this.#column > 0 && this.#column + this.#spaces.length + width > this.#columns) {
      this.#write(`\n${this.#indent}`);
      this.#column = textWidth(this.#indent);
    } else if (this.#spaces !== '') {
      this.#write(this.#spaces);
      this.#column += this.#spaces.length;
    }
    const heading: readonly Style[] = ['bold'];
    this.#write(this.#heading ? styled(this.#word, heading, this.#color) : this.#word);
    this.#column += width;
    [this.#word, this.#spaces] = ['', ''];
  }

  #raw(text: string): void {
    this.#write(text);
    this.#column = text.endsWith('\n') ? 0 : textWidth(text);
  }
}

function splitRow(line: string): string[] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|').replace(/[*`]/g, ''));
}
