/** Token counts as OpenAI's wire has them. */
export interface WireUsage {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
}

const boundary = Buffer.from('\n\n');
const windowsBoundary = Buffer.from('\r\n\r\n');
const usageForms = [Buffer.from('"usage":{'), Buffer.from('"usage": {')];
const doneMark = Buffer.from('[DONE]');
// A frame longer than this is passed on as it comes, unread: nothing is held without a bound.
const mostHeldBytes = 1024 * 1024;
const nothing = Buffer.alloc(0);

/**
 * Reads along as a stream of frames passes: hands on whole frames only, finds the one that holds the usage, and takes it
 * out where the client did not ask for it. Looks for two short byte strings a chunk and parses nothing else.
 */
export class FrameScan {
  readonly #strip: boolean;
  #held: Buffer = nothing;
  #usage: WireUsage | undefined;
  #frames = 0;
  #done = false;

  constructor(options: { readonly strip: boolean }) {
    this.#strip = options.strip;
  }

  /** The last usage seen. */
  get usage(): WireUsage | undefined {
    return this.#usage;
  }
  /** Frames that passed: at least as many tokens, where nobody said. */
  get frames(): number {
    return this.#frames;
  }
  /** Whether the stream said its end. */
  get done(): boolean {
    return this.#done;
  }

  /** What may be handed on now. */
  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = endOfFrames(bytes);
    if (end === 0 && bytes.length > mostHeldBytes) {
      this.#held = nothing;
      return bytes;
    }
    this.#held = end === bytes.length ? nothing : bytes.subarray(end);
    return end === 0 ? nothing : this.#read(end === bytes.length ? bytes : bytes.subarray(0, end));
  }

  /** What is left when the stream ends without a last empty line. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = nothing;
    return rest.length === 0 ? rest : this.#read(rest);
  }

  #read(bytes: Buffer): Buffer {
    this.#done ||= bytes.includes(doneMark, Math.max(0, bytes.length - 32));
    for (let at = bytes.indexOf(boundary); at !== -1; at = bytes.indexOf(boundary, at + 2)) this.#frames += 1;
    return usageForms.some((form) => bytes.includes(form)) ? this.#readUsage(bytes) : bytes;
  }

  #readUsage(bytes: Buffer): Buffer {
    const kept: Buffer[] = [];
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(boundary, from);
      const to = end === -1 ? bytes.length : end + boundary.length;
      const frame = bytes.subarray(from, to);
      if (!this.#isUsageAlone(frame)) kept.push(frame);
      from = to;
    }
    return kept.length === 1 && kept[0]?.length === bytes.length ? bytes : Buffer.concat(kept);
  }

  /** Takes the usage out of a frame; true when it is to be left out, as it holds nothing else. */
  #isUsageAlone(frame: Buffer): boolean {
    if (!usageForms.some((form) => frame.includes(form))) return false;
    const json = /^data: ?(\{.*\})\s*$/s.exec(frame.toString('utf8'))?.[1];
    const event = json === undefined ? undefined : parse(json);
    const usage = toUsage(event?.usage);
    if (!usage) return false;
    this.#usage = usage;
    return this.#strip && Array.isArray(event?.choices) && event.choices.length === 0;
  }
}

function endOfFrames(bytes: Buffer): number {
  const plain = bytes.lastIndexOf(boundary);
  const windows = bytes.lastIndexOf(windowsBoundary);
  return Math.max(plain === -1 ? 0 : plain + 2, windows === -1 ? 0 : windows + 4);
}

/** The usage of a whole reply: the last object of that name, without reading what comes before it. */
export function usageOfReply(bytes: Buffer): WireUsage | undefined {
  const at = Math.max(...usageForms.map((form) => bytes.lastIndexOf(form)));
  if (at === -1) return undefined;
  const from = bytes.indexOf('{', at);
  let depth = 0;
  for (let to = from; to < bytes.length && to - from < 4_096; to += 1) {
    if (bytes[to] === 0x7b) depth += 1;
    else if (bytes[to] === 0x7d) depth -= 1;
    if (depth === 0) return toUsage(parse(bytes.toString('utf8', from, to + 1)));
  }
  return undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: the wire of somebody else
function parse(json: string): any {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // no JSON: nothing to read in it, and the client gets it as it is
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the wire of somebody else
function toUsage(said: any): WireUsage | undefined {
  const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  const { prompt_tokens: promptTokens, completion_tokens: completion = 0 } = said ?? {};
  if (!count(promptTokens) || !count(completion)) return undefined;
  const cached = said.prompt_tokens_details?.cached_tokens;
  return {
    promptTokens,
    completionTokens: completion,
    cachedPromptTokens: count(cached) && cached <= promptTokens ? cached : 0,
  };
}
