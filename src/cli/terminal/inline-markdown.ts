import { type Style, styled } from './style.ts';

interface Piece {
  readonly text: string;
  readonly styles: readonly Style[];
}

const wordCharacter = /[\p{L}\p{N}]/u;

/**
 * Styles the inline marks of one line as it streams: `**bold**`, `*italic*`, `~~struck~~` left as it is, and `` `code` ``.
 * Holds back only a run of marks, until the next character says whether it opens, closes or is meant literally.
 */
export class InlineMarkdown {
  readonly #color: boolean;
  #bold = false;
  #italic = false;
  #code = '';
  #run = '';
  #before = '';

  constructor(color: boolean) {
    this.#color = color;
  }

  /** Styled text for what was pushed, less what is held back. */
  push(text: string): string {
    const pieces: Piece[] = [];
    for (const character of text) {
      if (this.#run !== '' && character === this.#run[0]) {
        this.#run += character;
        continue;
      }
      if (this.#run !== '') this.#closeRun(character, pieces);
      if (character === '`' || ((character === '*' || character === '_') && this.#code === '')) this.#run = character;
      else this.#add(character, pieces);
    }
    return this.#render(pieces);
  }

  /** What was held back; marks that were left open are forgotten. */
  end(): string {
    const pieces: Piece[] = [];
    if (this.#run !== '') this.#closeRun(' ', pieces);
    [this.#bold, this.#italic, this.#code, this.#before] = [false, false, '', ''];
    return this.#render(pieces);
  }

  #add(text: string, pieces: Piece[]): void {
    pieces.push({ text, styles: this.#styles() });
    this.#before = text;
  }

  #styles(): readonly Style[] {
    if (this.#code !== '') return ['cyan'];
    return [...(this.#bold ? (['bold'] as const) : []), ...(this.#italic ? (['italic'] as const) : [])];
  }

  #closeRun(next: string, pieces: Piece[]): void {
    const run = this.#run;
    this.#run = '';
    if (run[0] === '`') {
      if (this.#code === '') this.#code = run;
      else if (this.#code === run) this.#code = '';
      else this.#add(run, pieces);
      return;
    }
    const count = run.length;
    const open = count >= 2 ? this.#bold : this.#italic;
    const spaceBefore = this.#before === '' || /\s/.test(this.#before);
    const insideWord = run[0] === '_' && wordCharacter.test(this.#before) && wordCharacter.test(next);
    const literal = count > 3 || insideWord || (open ? spaceBefore : /\s/.test(next));
    if (literal) this.#add(run, pieces);
    else {
      if (count >= 2) this.#bold = !this.#bold;
      if (count !== 2) this.#italic = !this.#italic;
    }
  }

  #render(pieces: readonly Piece[]): string {
    if (!this.#color) return pieces.map(({ text }) => text).join('');
    let out = '';
    for (let at = 0; at < pieces.length; ) {
      const styles = pieces[at]?.styles ?? [];
      const key = styles.join();
      let text = '';
      while (at < pieces.length && pieces[at]?.styles.join() === key) text += pieces[at++]?.text;
      out += styles.length > 0 ? styled(text, styles, true) : text;
    }
    return out;
  }
}
