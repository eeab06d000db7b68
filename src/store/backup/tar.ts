import { IntramurosError } from '../../base/index.ts';

/** An entry of a tar archive: a plain file. */
export interface TarEntry {
  readonly path: string;
  readonly sizeBytes: number;
}

const block = 512;

/** Header of a file in the ustar format; sizes past 8 GiB in base 256, as GNU tar writes them. */
export function tarHeader({ path, sizeBytes }: TarEntry): Buffer {
  const header = Buffer.alloc(block);
  const { name, prefix } = splitPath(path);
  header.write(name, 0, 100);
  header.write('0000600\0', 100); // mode: the owner's
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (sizeBytes < 8 ** 11) header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124);
  else {
    header.writeBigUInt64BE(BigInt(sizeBytes), 128);
    header[124] = 0x80;
  }
  header.write('00000000000\0', 136);
  header.write('        ', 148); // the checksum counts itself as spaces
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(prefix, 345, 155);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** Zeros that fill the last block of a file. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((block - (sizeBytes % block)) % block);
}

/** End of an archive. */
export const tarEnd = Buffer.alloc(2 * block);

function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { name, prefix };
  }
  throw new IntramurosError('internal', `The path "${path}" is too long for a backup.`);
}

function checksum(header: Buffer): number {
  return header.reduce((sum, byte) => sum + byte, 0);
}

/** Reads an archive as it streams by: for each file its entry, then `body` until it is used up. */
export class TarReader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);
  #left = 0;
  #padding = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next file; undefined at the end of the archive. What is left of the one before must have been read. */
  async next(): Promise<TarEntry | undefined> {
    if (this.#left > 0) throw damaged('a file was not read to its end');
    await this.#take(this.#padding);
    const header = await this.#take(block);
    if (header.every((byte) => byte === 0)) {
      await this.#drain();
      return undefined;
    }
    const written = Number.parseInt(text(header, 148, 8), 8);
    const counted = Buffer.from(header).fill(' ', 148, 156);
    if (written !== checksum(counted)) throw damaged('a file header does not add up');
    const prefix = text(header, 345, 155);
    const path = prefix ? `${prefix}/${text(header, 0, 100)}` : text(header, 0, 100);
    const sizeBytes =
      header[124] === 0x80 ? Number(header.readBigUInt64BE(128)) : Number.parseInt(text(header, 124, 12), 8);
    if (header[156] !== 0x30 || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
      throw damaged('it holds something that is not a file');
    }
    this.#left = sizeBytes;
    this.#padding = tarPadding(sizeBytes).length;
    return { path, sizeBytes };
  }

  /** The bytes of the file that `next` gave. */
  async *body(): AsyncGenerator<Buffer> {
    while (this.#left > 0) {
      if (this.#held.length === 0) await this.#more();
      const piece = this.#held.subarray(0, this.#left);
      this.#held = this.#held.subarray(piece.length);
      this.#left -= piece.length;
      yield piece;
    }
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#held.length < length) await this.#more();
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done) throw damaged('it ends too early');
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
  }

  /** Reads on to the end of the stream: only there the compression's own check is made. */
  async #drain(): Promise<void> {
    for (let next = await this.#source.next(); !next.done; next = await this.#source.next());
  }
}

function text(header: Buffer, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? length : end).toString('utf8');
}

/** The failure of a backup that cannot be trusted. */
export function damaged(reason: string, cause?: unknown): IntramurosError {
  return new IntramurosError(
    'backup_invalid',
    `This backup is damaged or incomplete: ${reason}. Nothing was restored. Use another copy.`,
    { cause, facts: { reason } },
  );
}
