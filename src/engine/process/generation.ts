import { IntramurosError } from '../../base/index.ts';
import type { NativeContext, NativeModel } from '../native/index.ts';
import { contextExceeded, Scheduler, type SchedulerRequest, type SchedulerSink } from '../scheduler/index.ts';
import { fallbackTemplate, openThinkingSplitter, type RenderedPrompt, renderChat } from '../template/index.ts';
import type { ChatMessage } from '../types.ts';
import { requestTokens } from './context-options.ts';
import { openNativeBackend } from './native-backend.ts';
import { tokenizeSegments } from './prompt-tokens.ts';
import type { ProcessGenerateRequest, StartOptions } from './protocol.ts';

type ChatPrompt = Extract<ProcessGenerateRequest['prompt'], { kind: 'chat' }>;

/** A loaded model that generates: prompts become tokens here, the scheduler does the rest. */
export class Generation {
  readonly requestTokens: number;
  readonly scheduler: Scheduler;
  readonly #model: NativeModel;
  readonly #template: string;
  /** Special tokens that answers show because they mark thinking. */
  readonly #shown = new Set<number>();

  constructor(
    model: NativeModel,
    context: NativeContext,
    start: StartOptions,
    sizes: { readonly sequences: number; readonly keptTokens: number; readonly storeBytes: number },
    sink: SchedulerSink,
  ) {
    this.#model = model;
    this.#template = model.chatTemplate ?? fallbackTemplate((text) => this.#isOneToken(text)).template;
    this.requestTokens = requestTokens(context.contextTokens, model);
    const all = { ...sizes, outputs: sizes.sequences, requestTokens: this.requestTokens };
    const backend = openNativeBackend(model, context, all, this.#shown);
    this.scheduler = new Scheduler(backend, { parallel: start.parallel, queueLimit: start.queueLimit }, sink);
  }

  /** Starts a request; throws when it cannot be. */
  submit(id: number, request: ProcessGenerateRequest): void {
    const { prompt, ...rest } = request;
    this.scheduler.submit({ ...rest, id, ...this.#read(prompt) });
  }

  render(messages: readonly ChatMessage[]): { readonly text: string; readonly tokens: readonly number[] } {
    const { segments } = this.#render({ kind: 'chat', messages });
    return {
      text: segments.map(({ text }) => text).join(''),
      tokens: tokenizeSegments(this.#model.vocabulary, segments),
    };
  }

  #read(
    prompt: ProcessGenerateRequest['prompt'],
  ): Pick<SchedulerRequest, 'tokens' | 'openSplitter' | 'startsInThinking'> {
    const { vocabulary } = this.#model;
    switch (prompt.kind) {
      case 'tokens':
        for (const token of prompt.tokens) checkToken(token, vocabulary.size);
        return { tokens: prompt.tokens };
      case 'text': {
        this.#checkLength(prompt.text.length);
        const tokens = vocabulary.tokenize(prompt.text, { addSpecial: true, parseSpecial: true });
        return { tokens: tokens.length > 0 ? tokens : this.#emptyPrompt() };
      }
      case 'chat':
        return this.#readChat(prompt);
      default:
        return prompt satisfies never;
    }
  }

  #readChat(prompt: ChatPrompt): Pick<SchedulerRequest, 'tokens' | 'openSplitter' | 'startsInThinking'> {
    this.#checkLength(prompt.messages.reduce((sum, { content }) => sum + content.length, 0));
    const { segments, thinkingTags: tags, startsInThinking } = this.#render(prompt);
    const tokens = tokenizeSegments(this.#model.vocabulary, segments);
    if (tags === undefined) return { tokens };
    for (const tag of [tags.open, tags.close]) this.#show(tag);
    return { tokens, startsInThinking, openSplitter: () => openThinkingSplitter(tags, startsInThinking) };
  }

  #render(prompt: ChatPrompt): RenderedPrompt {
    const { vocabulary } = this.#model;
    const spell = (token: number | undefined): string =>
      token === undefined ? '' : Buffer.from(vocabulary.spelling(token)).toString();
    return renderChat({
      ...prompt,
      template: this.#template,
      bosText: spell(vocabulary.bos),
      eosText: spell(vocabulary.eos),
    });
  }

  /** Refuses a text that cannot fit whatever its tokens are, before time goes into finding them. */
  #checkLength(characters: number): void {
    const leastTokens = Math.floor(characters / this.#model.vocabulary.longestTokenBytes);
    if (leastTokens >= this.requestTokens) throw contextExceeded(leastTokens, this.requestTokens);
  }

  #emptyPrompt(): readonly number[] {
    const token = this.#model.vocabulary.bos ?? this.#model.vocabulary.eos;
    return token === undefined ? [] : [token];
  }

  #isOneToken(text: string): boolean {
    return this.#model.vocabulary.tokenize(text, { addSpecial: false, parseSpecial: true }).length === 1;
  }

  #show(tag: string): void {
    const { vocabulary } = this.#model;
    for (const token of vocabulary.tokenize(tag, { addSpecial: false, parseSpecial: true })) {
      if (vocabulary.traits(token).special && !vocabulary.endOfGeneration.has(token)) this.#shown.add(token);
    }
  }
}

function checkToken(token: number, size: number): void {
  if (Number.isInteger(token) && token >= 0 && token < size) return;
  throw new IntramurosError(
    'invalid_request',
    `Token ${token} does not exist in this model: ids go from 0 to ${size - 1}.`,
  );
}
