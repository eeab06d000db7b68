import type { ServerResponse } from 'node:http';
import { IntramurosError } from '../../base/index.ts';

/**
 * Writes streams of frames to clients.
 *
 * Covered: pulls only as fast as the socket drains; every wait ends when the client leaves; each frame is one write;
 * a comment during silence; a reader that takes nothing for `stallMs` ends the run; the source is always returned.
 * Not covered: frames of several streams over one connection (HTTP/2 is left to a proxy).
 */
export interface StreamLimits {
  readonly keepAliveMs: number;
  readonly stallMs: number;
}
export const defaultStreamLimits: StreamLimits = { keepAliveMs: 10_000, stallMs: 60_000 };

/** How a stream ended. */
export type StreamEnd = 'complete' | 'client-left' | 'stalled' | 'failed';

interface OpenStream {
  lastWriteAt: number;
  waitingSince: number | undefined;
  readonly beat: () => void;
  readonly stalled: () => void;
  readonly limits: StreamLimits;
}

/** One timer for all open streams: a timer each would cost more than the stream itself when a thousand are idle. */
class StreamWatch {
  readonly #open = new Set<OpenStream>();
  #timer: NodeJS.Timeout | undefined;

  add(stream: OpenStream): void {
    this.#open.add(stream);
    if (this.#timer) return;
    const everyMs = Math.max(10, Math.min(1000, stream.limits.keepAliveMs / 4, stream.limits.stallMs / 4));
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
  }

  remove(stream: OpenStream): void {
    this.#open.delete(stream);
    if (this.#open.size > 0 || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  get size(): number {
    return this.#open.size;
  }

  #look(): void {
    const now = performance.now();
    for (const stream of this.#open) {
      if (stream.waitingSince === undefined) {
        if (now - stream.lastWriteAt >= stream.limits.keepAliveMs) stream.beat();
      } else if (now - stream.waitingSince >= stream.limits.stallMs) stream.stalled();
    }
  }
}

const watch = new StreamWatch();

/** Streams being written now. */
export const openStreamCount = (): number => watch.size;

/**
 * Writes `frames` to `response`, whose headers are set, and ends it.
 * @param options.abort stops the source; called when the client leaves or stalls.
 * @param options.lastWords frames written when the source fails in mid-stream.
 */
export async function writeStream(
  response: ServerResponse,
  frames: AsyncIterator<string | Uint8Array>,
  options: {
    readonly abort: (reason: unknown) => void;
    readonly lastWords: (error: unknown) => string;
    readonly keepAlive: string;
    readonly limits?: StreamLimits;
    readonly first?: string;
  },
): Promise<StreamEnd> {
  let end: StreamEnd = 'complete';
  let wake: (() => void) | undefined;
  let gone = response.destroyed || response.writableFinished;
  const leave = (why: StreamEnd): void => {
    if (gone) return;
    gone = true;
    end = why;
    options.abort(
      new IntramurosError('cancelled', why === 'stalled' ? 'The reader took nothing.' : 'The client left.'),
    );
    wake?.();
  };
  const onGone = (): void => leave('client-left');
  const onDrain = (): void => wake?.();
  const state: OpenStream = {
    lastWriteAt: performance.now(),
    waitingSince: undefined,
    limits: options.limits ?? defaultStreamLimits,
    beat: () => {
      state.lastWriteAt = performance.now();
      if (options.keepAlive !== '' && !gone) response.write(options.keepAlive);
    },
    stalled: () => {
      leave('stalled');
      response.destroy();
    },
  };
  response.on('close', onGone).on('error', onGone).on('drain', onDrain);
  watch.add(state);
  if (gone) leaveAtOnce();
  function leaveAtOnce(): void {
    end = 'client-left';
    options.abort(new IntramurosError('cancelled', 'The client left.'));
  }
  const write = async (frame: string | Uint8Array): Promise<void> => {
    state.lastWriteAt = performance.now();
    if (response.write(frame) || gone) return;
    state.waitingSince = state.lastWriteAt;
    while (!gone && response.writableNeedDrain) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    wake = undefined;
    state.waitingSince = undefined;
  };
  try {
    if (options.first !== undefined && !gone) await write(options.first);
    while (!gone) {
      const next = await frames.next();
      if (gone || next.done) break;
      await write(next.value);
    }
  } catch (error) {
    if (!gone) {
      end = 'failed';
      response.write(options.lastWords(error));
    }
  } finally {
    watch.remove(state);
    response.off('close', onGone).off('error', onGone).off('drain', onDrain);
    response.on('error', ignoreLateError);
    if (!gone) response.end();
    await frames.return?.();
  }
  return end;
}

/** A socket error after the stream ended concerns nobody: the response is already given up. */
function ignoreLateError(): void {}
