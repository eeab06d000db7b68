import { EventStreamCodec } from '@smithy/core/event-streams';
import { upstreamFailed } from './failure.ts';
import { mostLineBytes } from './lines.ts';

/** One message of an Amazon event stream. */
export interface EventFrame {
  /** By name, those of text type: `:message-type`, `:event-type`, `:exception-type`, `:error-message` … */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const preludeBytes = 12;
const leastBytes = 16;
const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
  (text) => Buffer.from(text, 'utf8'),
);

/** Reads binary event frames, both checksums checked, from bytes cut anywhere. */
export class EventFrames {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes without which nothing can be read. */
  #needed = preludeBytes;

  /** Hands each whole frame to `take`. */
  push(chunk: Buffer, take: (frame: EventFrame) => void): void {
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#needed) {
      const kept = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
      this.#pieces = [kept];
      const length = kept.readUInt32BE(0);
      if (length < leastBytes || length > mostLineBytes) throw broken('a frame of an impossible length');
      this.#needed = length;
      if (this.#bytes < length) return;
      this.#pieces = [kept.subarray(length)];
      this.#bytes -= length;
      this.#needed = preludeBytes;
      take(decode(kept.subarray(0, length)));
    }
  }

  /** @throws {IntramurosError} `upstream_failed` when the stream ended inside a frame. */
  end(): void {
    if (this.#bytes > 0) throw broken('the stream ended inside a frame');
  }
}

function decode(bytes: Buffer): EventFrame {
  try {
    const { headers, body } = codec.decode(bytes);
    const named = Object.entries(headers).map(([name, header]) => [name, String(header.value)] as const);
    return { headers: Object.fromEntries(named), body: Buffer.from(body) };
  } catch (error) {
    throw broken('a frame whose checksum or headers are wrong', error);
  }
}

function broken(what: string, cause?: unknown): Error {
  return upstreamFailed('broken_stream', `The upstream's event stream is damaged: ${what}.`, {}, cause);
}
