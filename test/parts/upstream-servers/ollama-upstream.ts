import { openUpstreamServer, type Played, type SeenCall, type UpstreamServer } from './loopback.ts';

export interface OllamaUpstreamOptions {
  readonly models?: readonly { readonly name: string; readonly remoteHost?: string }[];
  readonly thinking?: readonly string[];
  readonly paceMs?: number;
}

/** A server that speaks Ollama's own API and answers with what it was told. */
export function openOllamaUpstream(options: OllamaUpstreamOptions = {}): Promise<UpstreamServer> {
  return openUpstreamServer((call) => answer(call, options), options);
}

// biome-ignore lint/suspicious/noExplicitAny: a request of any client
type Body = any;

const words = (text: string): string[] => text.match(/\s*\S+/g) ?? [];
const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const stamp = '2026-01-01T00:00:00.000000Z';

function answer(call: SeenCall, options: OllamaUpstreamOptions): Played {
  const models = options.models ?? [{ name: 'echo:latest' }];
  if (call.path === '/api/tags') {
    const listed = models.map(({ name, remoteHost }) => ({
      name,
      model: name,
      modified_at: stamp,
      size: 1,
      digest: 'sha256:0',
      details: { format: 'gguf' },
      ...(remoteHost === undefined ? {} : { remote_host: remoteHost, remote_model: name }),
    }));
    return { json: { models: listed } };
  }
  const { body } = call;
  if (!models.some(({ name }) => name === body?.model || name === `${body?.model}:latest`))
    return { status: 404, json: { error: `model '${body?.model}' not found` } };
  if (call.path === '/api/chat') return chat(body, options);
  if (call.path === '/api/generate') return generated(body);
  if (call.path === '/api/embed') {
    const inputs: readonly string[] = [body.input].flat();
    const embeddings = inputs.map((input) => [input.length, 1, 0.5]);
    return { json: { model: body.model, embeddings, prompt_eval_count: inputs.length } };
  }
  return { status: 404, json: { error: 'not found' } };
}

function end(body: Body, prompt: string, spoken: number, reason: string): object {
  return {
    model: body.model,
    created_at: stamp,
    done: true,
    done_reason: reason,
    total_duration: 1,
    prompt_eval_count: words(prompt).length,
    eval_count: spoken,
  };
}

function chat(body: Body, options: OllamaUpstreamOptions): Played {
  const messages: readonly { readonly content: string }[] = body.messages;
  const all = words(messages.at(-1)?.content ?? '');
  const thoughts = body.think === false ? [] : (options.thinking ?? []);
  const limit: number = body.options?.num_predict ?? all.length + thoughts.length;
  const pieces = all.slice(0, Math.max(0, limit - thoughts.length));
  const prompt = messages.map(({ content }) => content).join(' ');
  const say = (message: object): string => line({ model: body.model, created_at: stamp, message, done: false });
  const last = end(body, prompt, pieces.length + thoughts.length, pieces.length < all.length ? 'length' : 'stop');
  return {
    type: 'application/x-ndjson',
    frames: [
      ...thoughts.map((thinking) => say({ role: 'assistant', content: '', thinking })),
      ...pieces.map((content) => say({ role: 'assistant', content })),
      line({ ...last, message: { role: 'assistant', content: '' } }),
    ],
  };
}

function generated(body: Body): Played {
  const pieces = words(body.prompt);
  const say = (response: string): string => line({ model: body.model, created_at: stamp, response, done: false });
  return {
    type: 'application/x-ndjson',
    frames: [...pieces.map(say), line({ ...end(body, body.prompt, pieces.length, 'stop'), response: '' })],
  };
}
