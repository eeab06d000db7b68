import { openUpstreamServer, type Played, type SeenCall, type UpstreamServer } from './loopback.ts';

export interface OpenAiUpstreamOptions {
  readonly models?: readonly string[];
  /** Key that must come as Bearer. */
  readonly key?: string;
  readonly paceMs?: number;
  readonly port?: number;
  /** The answer's pieces; without it, the words of the last message come back. */
  readonly pieces?: (body: { readonly messages?: readonly { readonly content: string }[] }) => readonly string[];
  /** What was thought before, under the name that this server gives it. */
  readonly thinking?: { readonly field: 'reasoning_content' | 'reasoning'; readonly pieces: readonly string[] };
  /** Replaces the counted usage; null leaves it out. */
  readonly usage?: unknown;
}

/** A server that speaks OpenAI's wire format and answers with what it was told: chat, completions, embeddings, models. */
export function openOpenAiUpstream(options: OpenAiUpstreamOptions = {}): Promise<UpstreamServer> {
  return openUpstreamServer((call) => answer(call, options), options);
}

const failure = (status: number, message: string, code: string): Played => ({
  status,
  json: { error: { message, type: 'invalid_request_error', param: null, code } },
});

function answer(call: SeenCall, options: OpenAiUpstreamOptions): Played {
  const models = options.models ?? ['echo'];
  if (options.key !== undefined && call.headers.authorization !== `Bearer ${options.key}`)
    return failure(401, 'Incorrect API key provided.', 'invalid_api_key');
  if (call.method === 'GET' && call.path === '/v1/models') {
    return {
      json: { object: 'list', data: models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'me' })) },
    };
  }
  if (!models.includes(call.body?.model)) return failure(404, 'The model does not exist.', 'model_not_found');
  if (call.path === '/v1/chat/completions') return chat(call.body, options);
  if (call.path === '/v1/completions') return completion(call.body, options);
  if (call.path === '/v1/embeddings') return embeddings(call.body);
  return failure(404, 'Not found.', 'not_found');
}

const words = (text: string): string[] => text.match(/\s*\S+/g) ?? [];
const count = (text: string): number => words(text).length;

// biome-ignore lint/suspicious/noExplicitAny: a request of any client
type Body = any;

function usageOf(prompt: string, pieces: readonly string[], options: OpenAiUpstreamOptions): unknown {
  if (options.usage !== undefined) return options.usage;
  const promptTokens = count(prompt);
  return { prompt_tokens: promptTokens, completion_tokens: pieces.length, total_tokens: promptTokens + pieces.length };
}

const sse = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

function chat(body: Body, options: OpenAiUpstreamOptions): Played {
  const messages: readonly { readonly content: string }[] = body.messages;
  const all = options.pieces?.(body) ?? words(messages.at(-1)?.content ?? '');
  const pieces = all.slice(0, body.max_completion_tokens ?? body.max_tokens ?? all.length);
  const reason = pieces.length < all.length ? 'length' : 'stop';
  const thoughts = options.thinking?.pieces ?? [];
  const field = options.thinking?.field ?? 'reasoning_content';
  const usage = usageOf(messages.map(({ content }) => content).join(' '), [...thoughts, ...pieces], options);
  const base = { id: 'chatcmpl-1', created: 1, model: body.model };
  if (!body.stream) {
    const thought = thoughts.length > 0 ? { [field]: thoughts.join('') } : {};
    const message = { role: 'assistant', content: pieces.join(''), ...thought };
    return {
      json: { ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: reason }], usage },
    };
  }
  const logprobs = (text: string) => ({
    content: [{ token: text, bytes: [...Buffer.from(text)], logprob: -0.5, top_logprobs: [] }],
  });
  const chunk = (delta: object, finish: string | null = null, text = ''): string =>
    sse({
      ...base,
      object: 'chat.completion.chunk',
      choices: [
        {
          index: 0,
          delta,
          finish_reason: finish,
          ...(body.logprobs && text !== '' ? { logprobs: logprobs(text) } : {}),
        },
      ],
    });
  return {
    type: 'text/event-stream; charset=utf-8',
    frames: [
      chunk({ role: 'assistant', content: null }),
      ...thoughts.map((text) => chunk({ [field]: text })),
      ...pieces.map((text) => chunk({ content: text }, null, text)),
      chunk({}, reason),
      ...(body.stream_options?.include_usage && usage !== null
        ? [sse({ ...base, object: 'chat.completion.chunk', choices: [], usage })]
        : []),
      'data: [DONE]\n\n',
    ],
  };
}

function completion(body: Body, options: OpenAiUpstreamOptions): Played {
  const all = words(String(body.prompt));
  const pieces = all.slice(0, body.max_tokens ?? all.length);
  const usage = usageOf(String(body.prompt), pieces, options);
  const reason = pieces.length < all.length ? 'length' : 'stop';
  const base = { id: 'cmpl-1', object: 'text_completion', created: 1, model: body.model };
  const choice = (text: string, finish: string | null) => ({ index: 0, text, finish_reason: finish, logprobs: null });
  if (!body.stream) return { json: { ...base, choices: [choice(pieces.join(''), reason)], usage } };
  return {
    type: 'text/event-stream; charset=utf-8',
    frames: [
      ...pieces.map((text) => sse({ ...base, choices: [choice(text, null)] })),
      sse({ ...base, choices: [choice('', reason)] }),
      ...(body.stream_options?.include_usage && usage !== null ? [sse({ ...base, choices: [], usage })] : []),
      'data: [DONE]\n\n',
    ],
  };
}

/** Counts of letters, which is a real if small way to place texts. */
function embeddings(body: Body): Played {
  const inputs: readonly unknown[] = Array.isArray(body.input) ? body.input : [body.input];
  const data = inputs.map((input, index) => {
    const vector = new Float32Array(26);
    for (const letter of String(input).toLowerCase()) {
      const at = letter.charCodeAt(0) - 97;
      if (at >= 0 && at < 26) vector[at] = (vector[at] ?? 0) + 1;
    }
    const embedding =
      body.encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector);
    return { object: 'embedding', index, embedding };
  });
  const tokens = inputs.reduce<number>((sum, input) => sum + count(String(input)), 0);
  return {
    json: { object: 'list', model: body.model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } },
  };
}
