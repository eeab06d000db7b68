const lineFeed = 10;

/** Reads one HTTP reply as it comes, counts its bytes and its server-sent events, and knows where it ends. */
export class ReplyReader {
  status = 0;
  frames = 0;
  bytes = 0;
  closes = false;
  #state: 'head' | 'length' | 'size' | 'data' | 'after' | 'end' = 'head';
  #kept: Buffer = Buffer.alloc(0);
  #left = 0;
  #lineFeeds = 0;

  /** True when the reply is whole. */
  feed(piece: Buffer): boolean {
    let rest: Buffer | undefined = this.#kept.length > 0 ? Buffer.concat([this.#kept, piece]) : piece;
    this.#kept = Buffer.alloc(0);
    while (rest !== undefined && this.#state !== 'end') rest = this.#step(rest);
    return this.#state === 'end';
  }

  /** What is left to read, or undefined when more has to come first. */
  #step(rest: Buffer): Buffer | undefined {
    if (this.#state === 'head') return this.#readHead(rest);
    if (this.#state === 'size') return this.#readSize(rest);
    if (this.#state === 'after') return this.#skipLine(rest);
    if (rest.length === 0) return undefined;
    const part = rest.subarray(0, this.#left);
    this.#count(part);
    this.#left -= part.length;
    if (this.#left === 0) this.#state = this.#state === 'length' ? 'end' : 'after';
    return rest.subarray(part.length);
  }

  #readHead(rest: Buffer): Buffer | undefined {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return this.#wait(rest);
    const head = rest.toString('latin1', 0, end);
    this.status = Number(head.slice(9, 12));
    this.closes = /^connection: *close/im.test(head);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    if (length === undefined && !/^transfer-encoding: *chunked/im.test(head)) throw new Error('a reply without length');
    this.#left = Number(length ?? 0);
    this.#state = length === undefined ? 'size' : this.#left === 0 ? 'end' : 'length';
    return rest.subarray(end + 4);
  }

  #readSize(rest: Buffer): Buffer | undefined {
    const end = rest.indexOf('\r\n');
    if (end < 0) return this.#wait(rest);
    this.#left = Number.parseInt(rest.toString('latin1', 0, end), 16);
    if (this.#left > 0) {
      this.#state = 'data';
      return rest.subarray(end + 2);
    }
    if (rest.length < end + 4) return this.#wait(rest);
    this.#state = 'end';
    return rest.subarray(end + 4);
  }

  #skipLine(rest: Buffer): Buffer | undefined {
    if (rest.length < 2) return this.#wait(rest);
    this.#state = 'size';
    return rest.subarray(2);
  }

  #wait(rest: Buffer): undefined {
    this.#kept = Buffer.from(rest);
    return undefined;
  }

  /** An empty line ends a server-sent event, also when it is cut between two pieces. */
  #count(part: Buffer): void {
    this.bytes += part.length;
    for (let at = 0; at < part.length; at += 1) {
      const byte = part[at];
      if (byte === lineFeed) {
        this.#lineFeeds += 1;
        if (this.#lineFeeds === 2) this.frames += 1;
      } else if (byte !== 13) this.#lineFeeds = 0;
    }
  }
}
