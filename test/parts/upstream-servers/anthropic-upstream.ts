import { openUpstreamServer, type Played, type SeenCall, type UpstreamServer } from './loopback.ts';

export interface AnthropicUpstreamOptions {
  readonly key?: string;
  readonly models?: readonly string[];
  readonly thinking?: readonly string[];
  readonly stopReason?: string;
  readonly paceMs?: number;
}

/** A server that speaks Anthropic's messages and answers with what it was told. */
export function openAnthropicUpstream(options: AnthropicUpstreamOptions = {}): Promise<UpstreamServer> {
  return openUpstreamServer((call) => answer(call, options), options);
}

const words = (text: string): string[] => text.match(/\s*\S+/g) ?? [];
const event = (data: { readonly type: string; readonly [field: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const failure = (status: number, type: string, message: string): Played => ({
  status,
  json: { type: 'error', error: { type, message }, request_id: 'req_1' },
});

function answer(call: SeenCall, options: AnthropicUpstreamOptions): Played {
  const { body, headers } = call;
  const bearer = headers.authorization?.replace(/^Bearer /, '');
  if (options.key !== undefined && (headers['x-api-key'] ?? bearer) !== options.key)
    return failure(401, 'authentication_error', 'invalid x-api-key');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(String(headers['anthropic-version'])))
    return failure(400, 'invalid_request_error', 'anthropic-version: header is required');
  const models = options.models ?? ['echo'];
  if (call.path.startsWith('/v1/models'))
    return { json: { data: models.map((id) => ({ type: 'model', id })), has_more: false } };
  if (call.path !== '/v1/messages') return failure(404, 'not_found_error', 'Not found');
  if (!models.includes(body?.model)) return failure(404, 'not_found_error', `model: ${body?.model}`);
  if (!Number.isInteger(body.max_tokens)) return failure(400, 'invalid_request_error', 'max_tokens: Field required');
  if (body.messages.some(({ role }: { readonly role: string }) => role === 'system'))
    return failure(400, 'invalid_request_error', 'messages: Unexpected role "system"');
  return messages(body, options);
}

// biome-ignore lint/suspicious/noExplicitAny: a request of any client
function messages(body: any, options: AnthropicUpstreamOptions): Played {
  const all = words(body.messages.at(-1).content);
  const pieces = all.slice(0, body.max_tokens);
  const thoughts = options.thinking ?? [];
  const stop_reason = options.stopReason ?? (pieces.length < all.length ? 'max_tokens' : 'end_turn');
  const usage = { input_tokens: 5, cache_read_input_tokens: 20, cache_creation_input_tokens: 2, output_tokens: 1 };
  const block = (index: number, start: object, deltas: readonly object[]): string[] => [
    event({ type: 'content_block_start', index, content_block: start }),
    ...deltas.map((delta) => event({ type: 'content_block_delta', index, delta })),
    event({ type: 'content_block_stop', index }),
  ];
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: body.model, content: [], usage };
  const thinking = thoughts.map((text) => ({ type: 'thinking_delta', thinking: text }));
  const output = { output_tokens: pieces.length + thoughts.length };
  return {
    type: 'text/event-stream; charset=utf-8',
    frames: [
      event({ type: 'message_start', message }),
      event({ type: 'ping' }),
      ...(thoughts.length === 0
        ? []
        : block(0, { type: 'thinking', thinking: '', signature: '' }, [
            ...thinking,
            { type: 'signature_delta', signature: 'c2lnbmVk' },
          ])),
      ...block(
        thoughts.length === 0 ? 0 : 1,
        { type: 'text', text: '' },
        pieces.map((text) => ({ type: 'text_delta', text })),
      ),
      event({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: output }),
      event({ type: 'message_stop' }),
    ],
  };
}
