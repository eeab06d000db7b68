import { eventStreamFrame } from './event-stream-frame.ts';
import { openUpstreamServer, type Played, type SeenCall, type UpstreamServer } from './loopback.ts';
import { signatureProblem } from './signature-v4.ts';

export interface BedrockUpstreamOptions {
  readonly keys?: { readonly id: string; readonly secret: string };
  readonly models?: readonly string[];
  readonly thinking?: readonly string[];
  /** Name of a model whose stream ends in an exception. */
  readonly brokenModel?: string;
  /** An exception that ends the stream behind the text. */
  readonly exception?: { readonly type: string; readonly message: string };
  readonly paceMs?: number;
}

/** A server that speaks Amazon Bedrock's Converse stream and Titan's embeddings; it checks signatures. */
export function openBedrockUpstream(options: BedrockUpstreamOptions = {}): Promise<UpstreamServer> {
  return openUpstreamServer((call) => answer(call, options), options);
}

const words = (text: string): string[] => text.match(/\s*\S+/g) ?? [];
const failure = (status: number, message: string): Played => ({ status, json: { message } });
const event = (type: string, body: unknown): Buffer =>
  eventStreamFrame(
    { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' },
    Buffer.from(JSON.stringify(body)),
  );

function answer(call: SeenCall, options: BedrockUpstreamOptions): Played {
  const problem = options.keys && signatureProblem(call, options.keys);
  if (problem !== undefined) return failure(403, `The request signature does not match: ${problem}.`);
  const match = /^\/model\/([^/]+)\/(converse-stream|invoke)$/.exec(call.path);
  const model = decodeURIComponent(match?.[1] ?? '');
  if (match && model === options.brokenModel)
    return converse(call, {
      ...options,
      exception: { type: 'modelStreamErrorException', message: 'The model broke.' },
    });
  if (!match || !(options.models ?? ['amazon.echo-v1:0']).includes(model))
    return failure(404, 'The provided model identifier is invalid.');
  if (match[2] === 'invoke') {
    const text: string = call.body.inputText;
    return { json: { embedding: [text.length, 1, 0], inputTextTokenCount: words(text).length } };
  }
  return converse(call, options);
}

function converse({ body }: SeenCall, options: BedrockUpstreamOptions): Played {
  const turns: readonly { readonly role: string; readonly content: readonly { readonly text: string }[] }[] =
    body.messages;
  if (turns.some(({ role }, at) => role === turns[at - 1]?.role))
    return failure(400, 'A conversation must alternate between user and assistant roles.');
  const all = words(
    turns
      .at(-1)
      ?.content.map(({ text }) => text)
      .join('\n') ?? '',
  );
  const pieces = all.slice(0, body.inferenceConfig?.maxTokens ?? all.length);
  const delta = (contentBlockIndex: number, value: object): Buffer =>
    event('contentBlockDelta', { contentBlockIndex, delta: value });
  const usage = {
    inputTokens: 7,
    outputTokens: pieces.length,
    totalTokens: 9 + pieces.length,
    cacheReadInputTokens: 2,
  };
  return {
    type: 'application/vnd.amazon.eventstream',
    frames: [
      event('messageStart', { role: 'assistant' }),
      ...(options.thinking ?? []).map((text) => delta(0, { reasoningContent: { text } })),
      ...pieces.map((text) => delta(1, { text })),
      event('contentBlockStop', { contentBlockIndex: 1 }),
      ...(options.exception
        ? [
            eventStreamFrame(
              { ':exception-type': options.exception.type, ':message-type': 'exception' },
              Buffer.from(JSON.stringify({ message: options.exception.message })),
            ),
          ]
        : [
            event('messageStop', { stopReason: pieces.length < all.length ? 'max_tokens' : 'end_turn' }),
            event('metadata', { usage, metrics: { latencyMs: 1 } }),
          ]),
    ],
  };
}
