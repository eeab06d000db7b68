import type { Hash } from 'node:crypto';
import { IntramurosError, isIntramurosError } from '../../base/index.ts';
import type { HandedBody } from '../../egress/index.ts';
import type { UpstreamModel } from '../../upstreams/index.ts';
import { clear, passGate } from './decide.ts';
import { textsOfBody } from './detected-label.ts';
import { sentOf } from './embed.ts';
import { fallbacksOf, isDown, withNearest } from './fall-back.ts';
import { FrameScan, usageOfReply, type WireUsage } from './frame-scan.ts';
import { isolationKeyOf } from './generate.ts';
import { labelPassage } from './label.ts';
import { openPassage } from './passage.ts';
import { NotByRelayError } from './pseudonymise.ts';
import { reservePassage } from './reserve.ts';
import { mayUse } from './resolve-model.ts';
import { settlePassage } from './settle.ts';
import type { Passage, Relayed, RelayTurn, Rooms, Spent } from './types.ts';

// A whole reply is held until its usage is read.
const mostReplyBytes = 64 * 1024 * 1024;

export interface RelayOptions {
  readonly id: string;
  readonly rooms: Rooms;
  readonly record: (step: string, ms: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** Told once, when all is over, what was used. */
  readonly onEnd?: ((spent: Spent) => void) | undefined;
}

/**
 * Hands a request on to an upstream that speaks the client's own dialect, byte for byte, by the same steps as an answer:
 * label, quota, decision, outcome. Undefined where that way is not open, names have to be replaced on it, or its place is down
 * and has others to fall back to: the answer path then asks, as ever.
 */
export async function relay(turn: RelayTurn, options: RelayOptions): Promise<Relayed | undefined> {
  const { rooms } = options;
  const model = rooms.upstreams.findModel(turn.model);
  if (!model || !isOpen(rooms, model)) return undefined;
  const target = { kind: 'upstream', model, destination: model.destination } as const;
  if (!mayUse(turn.caller.who, target)) return undefined; // refused by the answer path, in its words
  const passage = openPassage({ ...options, caller: turn.caller, action: turn.action, need: () => turn.need });
  passage.target = target;
  const end = once(() => {
    settlePassage(passage);
    options.onEnd?.(passage.spent);
  });
  try {
    const ready = rooms.commitments?.ready(turn.caller.who.personId);
    passage.timedNow('label', () => labelPassage(passage, textsOfBody(turn)));
    passage.timedNow('reserve', () => reservePassage(passage));
    // The answer path can shorten what it asks for; a relay cannot.
    if (passage.grantedTokens !== undefined) return giveUp(passage);
    clear(passage, await passage.timed('decide', () => passGate(passage, target)));
    const sent = sentOf(passage);
    await ready;
    const answered = committing(passage, turn);
    const reply = await passage.timed('relay', () => send(passage, turn, model, options.signal));
    const contentType = checkedType(reply, turn);
    if (turn.stream)
      return { sent, contentType, frames: new RelayedFrames(passage, reply.body, turn, { end, answered }) };
    return { sent, contentType, whole: await whole(passage, reply.body, turn, { end, answered }) };
  } catch (error) {
    if (error instanceof NotByRelayError) return giveUp(passage);
    fail(passage, error, options.signal);
    if (isDown(error) && (await fallbacksOf(rooms, target)).length > 0) return giveUp(passage);
    end();
    throw isDown(error) ? await withNearest(passage, error as IntramurosError) : error;
  }
}

/** A page of some proxy, or a whole reply where a stream was asked for, is no answer. */
function checkedType(
  reply: { readonly headers: Readonly<Record<string, string | undefined>>; readonly body: HandedBody },
  turn: RelayTurn,
): string {
  const type = reply.headers['content-type'] ?? '';
  if (type.includes(turn.stream ? 'text/event-stream' : 'json')) return type;
  reply.body.destroy();
  const words = `The upstream answered with "${type.slice(0, 60)}", which is no answer of this API. Test it: "intramuros upstream test".`;
  throw new IntramurosError('upstream_failed', words, { facts: { reason: 'not_the_api' } });
}

/** vLLM keeps prompts apart by a word in the body that the answer path adds: its bytes are not handed on as they are. */
function isOpen({ upstreams }: Rooms, { upstreamId }: UpstreamModel): boolean {
  const upstream = upstreams.list().find(({ id }) => id === upstreamId);
  return upstream?.kind === 'openai' && upstream.flavour !== 'vllm';
}

function giveUp(passage: Passage): undefined {
  settlePassage(passage);
  return undefined;
}

function send(passage: Passage, turn: RelayTurn, model: UpstreamModel, signal: AbortSignal | undefined) {
  const { rooms, clearance } = passage;
  if (!clearance) throw new IntramurosError('internal', 'A relay has no clearance to send with.');
  const body = turn.stream && !turn.wantsUsage ? withUsageAsked(turn.body) : turn.body;
  const affinity = `${isolationKeyOf(passage)}\n${turn.affinity}`;
  return rooms.upstreams.relay(clearance, { path: turn.path, body, affinity }, { model, ...(signal && { signal }) });
}

/** Asks for the usage, in a body that says nothing of it: what is booked is what was used. */
function withUsageAsked(body: Buffer): Buffer {
  const end = body.lastIndexOf(0x7d);
  return Buffer.concat([
    body.subarray(0, end),
    Buffer.from(',"stream_options":{"include_usage":true}'),
    body.subarray(end),
  ]);
}

/** What the record commits to: the bytes that came, and those that are handed back, hashed as they go. */
function committing(passage: Passage, turn: RelayTurn): Hash | undefined {
  const { told, caller, decisionId = '', rooms } = passage;
  const about = { personId: caller.who.personId, decisionId, salt: told.salt };
  const answered = turn.action === 'embed' ? undefined : rooms.commitments?.begin(about, 'answer');
  told.about = about;
  told.asked = () => turn.body;
  told.answered = answered && (() => answered);
  return answered;
}

/** How a relay ends, and what hashes its answer meanwhile. */
interface Ending {
  readonly end: () => void;
  readonly answered: Hash | undefined;
}

function whole(passage: Passage, body: HandedBody, turn: RelayTurn, { end, answered }: Ending): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  let size = 0;
  body.take({
    data(part) {
      size += part.length;
      parts.push(part);
      if (size <= mostReplyBytes) return;
      body.destroy();
      reject(broken(undefined));
    },
    end() {
      const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, size);
      answered?.update(bytes);
      passage.spent.firstTokenMs = passage.rooms.clock.monotonic() - passage.startedAt;
      passage.spent.why = 'stop';
      book(passage, usageOfReply(bytes), {
        promptTokens: turn.need.promptTokens,
        completionTokens: Math.ceil(bytes.length / 4),
      });
      end();
      resolve(bytes);
    },
    fail: reject,
  });
  return promise;
}

/** What the place said, else an estimate that rather counts too much. */
function book(
  { spent }: Passage,
  usage: WireUsage | undefined,
  estimate: { readonly promptTokens: number; readonly completionTokens: number },
): void {
  Object.assign(spent, { cachedPromptTokens: 0, ...estimate, ...usage });
}

function fail({ spent }: Passage, error: unknown, signal: AbortSignal | undefined): void {
  spent.why = signal?.aborted
    ? 'cancelled'
    : isIntramurosError(error) && error.code === 'destination_denied'
      ? 'denied'
      : 'failed';
  if (spent.why === 'failed' && isIntramurosError(error)) spent.failure = error as IntramurosError;
}

/** The frames of a reply, whole ones only, as they come; books the usage however it ends. By hand: it is the hot path. */
class RelayedFrames implements AsyncIterableIterator<Buffer> {
  readonly #passage: Passage;
  readonly #body: HandedBody;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #scan: FrameScan;
  readonly #promptTokens: number;
  readonly #end: () => void;
  readonly #answered: Hash | undefined;
  #over = false;

  constructor(passage: Passage, body: HandedBody, turn: RelayTurn, { end, answered }: Ending) {
    this.#passage = passage;
    this.#body = body;
    this.#chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#scan = new FrameScan({ strip: !turn.wantsUsage });
    this.#promptTokens = turn.need.promptTokens;
    this.#end = end;
    this.#answered = answered;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer>> {
    try {
      for (;;) {
        if (this.#over) return { done: true, value: undefined };
        const { done, value: chunk } = await this.#chunks.next();
        const value = done ? this.#finish() : this.#read(chunk);
        if (value.length > 0) return { done: false, value };
      }
    } catch (error) {
      if (this.#over) return { done: true, value: undefined }; // the reader left
      const { spent } = this.#passage;
      spent.why = 'failed';
      spent.failure = broken(error);
      this.#close();
      throw spent.failure;
    }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    this.#close();
    return { done: true, value: undefined };
  }

  #read(chunk: Buffer): Buffer {
    const { spent, rooms, startedAt } = this.#passage;
    spent.firstTokenMs ??= rooms.clock.monotonic() - startedAt;
    const frames = this.#scan.push(chunk);
    this.#answered?.update(frames);
    return frames;
  }

  #finish(): Buffer {
    const rest = this.#scan.end();
    this.#answered?.update(rest);
    if (!this.#scan.done) throw broken(undefined);
    this.#passage.spent.why = 'stop';
    this.#close();
    return rest;
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    const completionTokens = this.#scan.frames;
    const promptTokens = this.#scan.frames > 0 || this.#scan.usage ? this.#promptTokens : 0;
    book(this.#passage, this.#scan.usage, { promptTokens, completionTokens });
    this.#body.destroy();
    this.#end();
  }
}

function broken(cause: unknown): IntramurosError {
  if (isIntramurosError(cause)) return cause as IntramurosError;
  const words = 'The upstream ended its answer before it was whole. What came is above; ask again for the rest.';
  return new IntramurosError('upstream_failed', words, { cause, facts: { reason: 'broken_stream' } });
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
