import { upstreamFailed } from './failure.ts';
import { LineSplitter, mostLineBytes } from './lines.ts';

/** One server-sent event. */
export interface ServerSentEvent {
  /** Empty when the event has no name. */
  readonly event: string;
  readonly data: string;
}

/** Reads server-sent events as the HTML standard defines them, from bytes cut anywhere. Events without data do not count. */
export class ServerEvents {
  readonly #lines = new LineSplitter();
  #event = '';
  #data: string[] = [];
  #dataLength = 0;
  #started = false;

  /** Hands each whole event to `take`. */
  push(chunk: Buffer, take: (event: ServerSentEvent) => void): void {
    this.#lines.push(chunk, (line) => this.#line(line, take));
  }

  /** The event that the end of the stream left open: some servers forget the last blank line. */
  end(take: (event: ServerSentEvent) => void): void {
    this.#line(this.#lines.end(), take);
    this.#line('', take);
  }

  #line(raw: string, take: (event: ServerSentEvent) => void): void {
    const line = this.#started ? raw : raw.replace(/^\uFEFF/, '');
    this.#started = true;
    if (line === '') {
      const event = { event: this.#event, data: this.#data.join('\n') };
      const whole = this.#data.length > 0;
      this.#event = '';
      this.#data = [];
      this.#dataLength = 0;
      if (whole) take(event);
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#keep(value);
  }

  #keep(value: string): void {
    this.#dataLength += value.length;
    if (this.#dataLength > mostLineBytes)
      throw upstreamFailed('line_too_long', `The upstream sent an event of more than ${mostLineBytes} characters.`);
    this.#data.push(value);
  }
}
