import { upstreamFailed } from './failure.ts';

/** Longest line or event that is taken from an upstream. */
export const mostLineBytes = 1024 * 1024;

const lf = 10;
const cr = 13;

/**
 * Splits bytes into lines that end in LF, CRLF or CR, however the bytes are cut. A line is decoded only when it is whole, so
 * that a character cut in two reads as it was sent.
 */
export class LineSplitter {
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #afterCr = false;

  /** Hands each whole line to `take`. @throws {IntramurosError} `upstream_failed` when a line passes 1 MiB. */
  push(chunk: Buffer, take: (line: string) => void): void {
    let from = 0;
    if (this.#afterCr && chunk.length > 0) {
      if (chunk[0] === lf) from = 1;
      this.#afterCr = false;
    }
    let nextLf = chunk.indexOf(lf, from);
    let nextCr = chunk.indexOf(cr, from);
    while (nextLf >= 0 || nextCr >= 0) {
      const at = nextCr < 0 || (nextLf >= 0 && nextLf < nextCr) ? nextLf : nextCr;
      take(this.#finish(chunk.subarray(from, at)));
      from = at + 1;
      if (at === nextCr) {
        if (from === chunk.length) this.#afterCr = true;
        else if (chunk[from] === lf) from += 1;
      }
      if (nextLf >= 0 && nextLf < from) nextLf = chunk.indexOf(lf, from);
      if (nextCr >= 0 && nextCr < from) nextCr = chunk.indexOf(cr, from);
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** What came after the last line end. */
  end(): string {
    return this.#finish(Buffer.alloc(0));
  }

  #keep(piece: Buffer): void {
    this.#keptBytes += piece.length;
    this.#refuseLong(this.#keptBytes);
    this.#kept.push(piece);
  }

  #finish(piece: Buffer): string {
    this.#refuseLong(this.#keptBytes + piece.length);
    if (this.#keptBytes === 0) return piece.toString('utf8');
    const line = Buffer.concat([...this.#kept, piece]).toString('utf8');
    this.#kept = [];
    this.#keptBytes = 0;
    return line;
  }

  #refuseLong(bytes: number): void {
    if (bytes <= mostLineBytes) return;
    throw upstreamFailed(
      'line_too_long',
      `The upstream sent a line of more than ${mostLineBytes} bytes; it was cut off.`,
    );
  }
}
