import { IntramurosError } from '../../src/base/index.ts';
import type {
  EmbedRequest,
  EmbedResult,
  Engine,
  EngineEvent,
  GenerateRequest,
  LoadedModel,
  LoadPhase,
  PromptInput,
  TokenLogprob,
} from '../../src/engine/index.ts';
import { bagOfWords, pause, remember, StopFilter, script, WordTokenizer } from './echo-text.ts';

export interface EchoEngineOptions {
  /** Models that are installed: default `echo`. */
  readonly models?: readonly string[];
  readonly contextTokens?: number;
  /** Answers at the same time; others queue. */
  readonly parallel?: number;
  readonly queueLimit?: number;
  /** How long each token takes. */
  readonly tokenMs?: number;
  /** How long each phase of a load takes. */
  readonly loadPhaseMs?: number;
}

/** The echo engine and what only a test may do to it. */
export interface EchoEngine extends Engine {
  /** Ends a model as a native crash would: its open answers throw `engine_crashed`; the next request starts it again. */
  crash(model: string): void;
}

interface Running {
  readonly id: string;
  state: LoadedModel['state'];
  phase: LoadPhase;
  progress: number;
  pinned: boolean;
  active: number;
  used: number;
  readonly ready: Promise<void>;
  readonly ended: AbortController;
  readonly waiting: { readonly fairKey: string; start(): void }[];
  readonly counters: { -readonly [K in keyof LoadedModel['counters']]: number };
  /** Prompts seen, by isolation key: what a KV cache would hold. */
  readonly seen: Map<string, (readonly number[])[]>;
}

/**
 * A small honest engine: its model answers a chat with the last user message, word by word, and a text with that text.
 * `<think>…</think>` in the message is thought first. It keeps the promises of `Engine` (order of events, limits, stop
 * sequences, choices, log-probabilities, fair queue, cache by isolation key, cancelling, load states) without a network of
 * weights, so that what stands on the engine can be tested fast. Checked by the same contract tests as the real engine.
 */
export function openEchoEngine(options: EchoEngineOptions = {}): EchoEngine {
  const installed = options.models ?? ['echo'];
  const contextTokens = options.contextTokens ?? 4096;
  const parallel = options.parallel ?? 8;
  const words = new WordTokenizer();
  const running = new Map<string, Running>();
  let closed = false;

  function start(id: string): Running {
    if (closed) throw new IntramurosError('engine_unavailable', 'The engine is closed. Start Intramuros again.');
    if (!installed.includes(id)) {
      throw new IntramurosError(
        'model_not_found',
        `Model "${id}" is not installed. Installed: ${installed.join(', ')}.`,
        {
          facts: { model: id },
        },
      );
    }
    const known = running.get(id);
    if (known) return known;
    const ended = new AbortController();
    const model: Running = {
      id,
      state: 'loading',
      phase: 'starting',
      progress: 0,
      pinned: false,
      active: 0,
      used: 0,
      ended,
      waiting: [],
      seen: new Map(),
      counters: {
        requests: 0,
        promptTokens: 0,
        cachedPromptTokens: 0,
        computedPromptTokens: 0,
        generatedTokens: 0,
        decodeCalls: 0,
        cancelled: 0,
      },
      ready: Promise.resolve().then(async () => {
        for (const [at, phase] of (['starting', 'reading', 'warming'] as const).entries()) {
          Object.assign(model, { phase, progress: at / 3 });
          await pause(options.loadPhaseMs ?? 0, ended.signal);
        }
        Object.assign(model, { state: 'ready', progress: 1 });
      }),
    };
    model.ready.catch(() => {});
    running.set(id, model);
    return model;
  }

  /** Reports the phases of a load until the model is ready. */
  async function* loading(model: Running, signal: AbortSignal): AsyncGenerator<{ phase: LoadPhase; progress: number }> {
    let last: LoadPhase | undefined;
    while (model.state === 'loading') {
      if (model.phase !== last) {
        last = model.phase;
        yield { phase: model.phase, progress: model.progress };
      }
      signal.throwIfAborted();
      await Promise.race([model.ready, pause(1, signal)]);
    }
  }

  async function* queue(model: Running, fairKey: string, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    if (model.active < parallel) {
      model.active += 1;
      return;
    }
    if (model.waiting.length >= (options.queueLimit ?? 512)) {
      throw new IntramurosError(
        'queue_full',
        `${model.waiting.length} requests already wait for "${model.id}". Try later.`,
      );
    }
    yield { type: 'queued', ahead: model.waiting.length };
    await new Promise<void>((resolve, reject) => {
      const entry = { fairKey, start: resolve };
      model.waiting.push(entry);
      signal.addEventListener(
        'abort',
        () => {
          const at = model.waiting.indexOf(entry);
          if (at >= 0) model.waiting.splice(at, 1);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  function release(model: Running): void {
    const next = model.waiting.shift();
    if (next) next.start();
    else model.active -= 1;
  }

  async function* generate(
    request: GenerateRequest,
    { signal: given }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<EngineEvent> {
    given?.throwIfAborted();
    const model = start(request.model);
    const signal = given ? AbortSignal.any([given, model.ended.signal]) : model.ended.signal;
    const arrivedAt = performance.now();
    for await (const state of loading(model, signal)) yield { type: 'loading', ...state };
    const { prompt, thinking, answer } = plan(request.prompt);
    const room = contextTokens - prompt.length;
    if (room < (request.maxTokens === 0 ? 0 : 1)) {
      throw new IntramurosError(
        'context_exceeded',
        `The prompt takes ${prompt.length} tokens; the context has ${contextTokens}. Shorten the prompt or start a new conversation.`,
        { facts: { promptTokens: prompt.length, contextTokens } },
      );
    }
    yield* queue(model, request.fairKey, signal);
    let finished = false;
    try {
      const startedAt = performance.now();
      const cachedTokens = remember(model.seen, request.isolationKey, prompt);
      model.counters.requests += 1;
      model.counters.promptTokens += prompt.length;
      model.counters.cachedPromptTokens += cachedTokens;
      model.counters.computedPromptTokens += prompt.length - cachedTokens;
      model.used += prompt.length;
      yield {
        type: 'prompt',
        promptTokens: prompt.length,
        cachedTokens,
        ...(request.promptLogprobs && {
          tokens: prompt.map((token, at) => likelihood(token, request.logprobs ?? 0, at === 0)),
        }),
      };
      const limit = Math.min(request.maxTokens ?? Number.POSITIVE_INFINITY, room);
      let completionTokens = 0;
      let thinkingTokens = 0;
      const promptAt = performance.now();
      for (let choice = 0; choice < (request.choices ?? 1); choice += 1) {
        for await (const event of speak(model, request, { choice, limit, thinking, answer, signal })) {
          if (event.type !== 'spoken') yield event;
          else {
            completionTokens += event.tokens;
            thinkingTokens += event.thinkingTokens;
          }
        }
      }
      finished = true;
      yield {
        type: 'done',
        usage: {
          promptTokens: prompt.length,
          cachedPromptTokens: cachedTokens,
          completionTokens,
          thinkingTokens,
          queueMs: startedAt - arrivedAt,
          promptMs: promptAt - startedAt,
          generationMs: performance.now() - promptAt,
        },
      };
    } finally {
      if (!finished) model.counters.cancelled += 1;
      model.used -= prompt.length;
      release(model);
    }
  }

  type Spoken = { readonly type: 'spoken'; readonly tokens: number; readonly thinkingTokens: number };

  /** One choice: thinking, then text, each token after `tokenMs`, with stop sequences looked for in the text alone. */
  async function* speak(
    model: Running,
    request: GenerateRequest,
    way: {
      readonly choice: number;
      readonly limit: number;
      readonly thinking: readonly number[];
      readonly answer: readonly number[];
      readonly signal: AbortSignal;
    },
  ): AsyncGenerator<EngineEvent | Spoken> {
    const { choice, limit, signal } = way;
    const startedAt = performance.now();
    const script = [...way.thinking, ...way.answer];
    const filter = new StopFilter(request.stop ?? []);
    let stopped: string | undefined;
    let spoken = 0;
    let pending: number[] = [];
    const delta = (kind: 'text' | 'thinking', text: string): EngineEvent => {
      const tokens = pending;
      pending = [];
      return {
        type: 'delta',
        choice,
        kind,
        text,
        tokens: tokens.length,
        ...(request.logprobs !== undefined && { logprobs: tokens.map((t) => likelihood(t, request.logprobs ?? 0)) }),
      };
    };
    while (spoken < limit && stopped === undefined) {
      const at = request.ignoreEndOfText && script.length > 0 ? spoken % script.length : spoken;
      const token = script[at];
      if (token === undefined) break;
      await pause(options.tokenMs ?? 0, signal);
      spoken += 1;
      model.counters.generatedTokens += 1;
      model.counters.decodeCalls += 1;
      pending.push(token);
      if (spoken <= way.thinking.length) {
        yield delta('thinking', words.word(token));
        if (spoken === way.thinking.length)
          yield { type: 'thinking-end', choice, durationMs: performance.now() - startedAt };
        continue;
      }
      const passed = filter.push(words.word(token));
      stopped = passed.stopped;
      if (passed.text !== '') yield delta('text', passed.text);
    }
    const rest = stopped === undefined ? filter.flush() : '';
    if (rest !== '') yield delta('text', rest);
    const cut = stopped === undefined && (request.ignoreEndOfText || spoken < script.length);
    yield {
      type: 'finish',
      choice,
      reason: cut ? 'length' : 'stop',
      ...(stopped !== undefined && { stopSequence: stopped }),
    };
    yield { type: 'spoken', tokens: spoken, thinkingTokens: Math.min(spoken, way.thinking.length) };
  }

  function plan(prompt: PromptInput): {
    readonly prompt: readonly number[];
    readonly thinking: readonly number[];
    readonly answer: readonly number[];
  } {
    if (prompt.kind === 'tokens') return { prompt: prompt.tokens, thinking: [], answer: prompt.tokens };
    if (prompt.kind === 'text') {
      const tokens = words.encode(prompt.text);
      return { prompt: tokens, thinking: [], answer: tokens };
    }
    const said = prompt.messages.findLast((message) => message.role === 'user')?.content ?? '';
    const parts = /<think>(.*?)<\/think>\s*(.*)/su.exec(said);
    const last = prompt.messages.at(-1);
    const continued = prompt.continueLast && last?.role === 'assistant' ? last.content : '';
    const answer = parts?.[2] ?? said;
    return {
      prompt: words.encode(script(prompt.messages)),
      thinking: words.encode(prompt.thinking === false || continued ? '' : (parts?.[1] ?? '')),
      answer: words.encode(answer.startsWith(continued) ? answer.slice(continued.length) : answer),
    };
  }

  /** The first token of a text has nothing before it; the others are "nine times in ten" right. */
  function likelihood(token: number, alternatives: number, first = false): TokenLogprob {
    const others = Array.from({ length: Math.min(alternatives, words.size) }, (_, at) => (token + at) % words.size);
    const top = others.map((t, at) => ({ ...words.describe(t), logprob: Math.log(0.9 * 0.1 ** at) }));
    return { ...words.describe(token), logprob: first ? Number.NaN : Math.log(0.9), top };
  }

  function crash(id: string, error: IntramurosError): void {
    const model = running.get(id);
    running.delete(id);
    model?.ended.abort(error);
  }

  async function load(id: string): Promise<void> {
    await start(id).ready;
  }

  const engine: EchoEngine = {
    generate,
    async embed(request: EmbedRequest, { signal } = {}): Promise<EmbedResult> {
      signal?.throwIfAborted();
      await load(request.model);
      const texts = request.inputs.map((input) => (typeof input === 'string' ? input : words.decode(input)));
      return {
        vectors: texts.map((text) => bagOfWords(text)),
        promptTokens: texts.reduce((sum, text) => sum + words.encode(text).length, 0),
      };
    },
    async tokenize({ model, text }) {
      await load(model);
      return words.encode(text).map((token) => words.describe(token));
    },
    async detokenize({ model, tokens }) {
      await load(model);
      return words.decode(tokens);
    },
    async render({ model, messages }) {
      await load(model);
      const text = script(messages);
      return { text, tokens: words.encode(text) };
    },
    async *load(id, { signal, pin } = {}) {
      signal?.throwIfAborted();
      const model = start(id);
      model.pinned ||= pin === true;
      yield* loading(model, signal ? AbortSignal.any([signal, model.ended.signal]) : model.ended.signal);
      yield { phase: 'warming', progress: 1 };
    },
    async unload(id) {
      crash(id, new IntramurosError('engine_unavailable', `Model "${id}" was unloaded while it answered.`));
    },
    list: () =>
      [...running.values()].map((model) => ({
        id: model.id,
        state: model.state,
        phase: model.phase,
        progress: model.progress,
        pid: process.pid,
        residentBytes: process.memoryUsage.rss(),
        predictedBytes: 0,
        contextTokens,
        contextUsedTokens: model.used,
        activeRequests: model.active,
        queuedRequests: model.waiting.length,
        pinned: model.pinned,
        expiresAt: undefined,
        file: 'echo',
        tuned: false,
        counters: { ...model.counters },
      })),
    async close() {
      closed = true;
      for (const id of [...running.keys()]) {
        crash(id, new IntramurosError('engine_unavailable', 'Intramuros is stopping.'));
      }
    },
    [Symbol.asyncDispose]: () => engine.close(),
    crash: (id) =>
      crash(
        id,
        new IntramurosError(
          'engine_crashed',
          `The process of model "${id}" ended (SIGKILL). Ask again: it is started anew.`,
          { facts: { model: id, cause: 'SIGKILL' } },
        ),
      ),
  };
  return engine;
}
