import { Agent, request } from 'node:http';

/** A server that speaks the OpenAI completions dialect. */
export interface Target {
  readonly name: string;
  readonly baseUrl: string;
  readonly model: string;
}

export interface CompletionInput {
  readonly prompt: string;
  readonly maxTokens: number;
  /** Ends the exchange after the first piece of text, as a person who presses stop. */
  readonly leaveAfterFirst?: boolean;
}

/** What one streamed completion took, milliseconds from the moment the request was sent. */
export interface CompletionTiming {
  readonly firstTokenMs: number;
  readonly lastTokenMs: number;
  readonly completionTokens: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly text: string;
}

interface Chunk {
  readonly choices?: readonly { readonly text?: string }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number };
  };
  readonly error?: { readonly message: string };
}

const agent = new Agent({ keepAlive: false, maxSockets: 256 });

/**
 * Streams one greedy completion and times it. Tokens that end a text are banned by `logit_bias`, which both servers
 * speak, so that each answer has exactly `maxTokens` tokens.
 * @throws when the server answers anything but 200 or reports an error in the stream.
 */
export async function complete(target: Target, input: CompletionInput): Promise<CompletionTiming> {
  const body = JSON.stringify({
    model: target.model,
    prompt: input.prompt,
    max_tokens: input.maxTokens,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
    logit_bias: { '0': -100, '2': -100 },
  });
  const sentAt = performance.now();
  return await new Promise<CompletionTiming>((resolve, reject) => {
    const call = request(
      `${target.baseUrl}/v1/completions`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        const timing = {
          firstTokenMs: 0,
          lastTokenMs: 0,
          completionTokens: 0,
          promptTokens: 0,
          cachedTokens: 0,
          text: '',
        };
        let rest = '';
        response.setEncoding('utf8');
        response.on('data', (data: string) => {
          rest += data;
          for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
            const frame = rest.slice(0, end);
            rest = rest.slice(end + 2);
            if (!frame.startsWith('data: {')) continue;
            const chunk = JSON.parse(frame.slice(6)) as Chunk;
            if (chunk.error) reject(new Error(`${target.name}: ${chunk.error.message}`));
            note(timing, chunk, performance.now() - sentAt);
            if (input.leaveAfterFirst && timing.firstTokenMs > 0) {
              call.destroy();
              resolve(timing);
              return;
            }
          }
        });
        response.on('end', () => {
          if (response.statusCode !== 200)
            reject(new Error(`${target.name} answered ${response.statusCode}: ${rest.slice(0, 300)}`));
          else resolve(timing);
        });
        response.on('error', reject);
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

function note(
  timing: { -readonly [K in keyof CompletionTiming]: CompletionTiming[K] },
  chunk: Chunk,
  atMs: number,
): void {
  const text = chunk.choices?.[0]?.text;
  if (text) {
    if (timing.firstTokenMs === 0) timing.firstTokenMs = atMs;
    timing.lastTokenMs = atMs;
    timing.text += text;
  }
  if (chunk.usage) {
    timing.completionTokens = chunk.usage.completion_tokens;
    timing.promptTokens = chunk.usage.prompt_tokens;
    timing.cachedTokens = chunk.usage.prompt_tokens_details?.cached_tokens ?? 0;
  }
}
