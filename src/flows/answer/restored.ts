import { type EngineEvent, type GenerateRequest, StopMatcher } from '../../engine/index.ts';
import type { Restorer } from '../../personal/index.ts';
import type { Masked } from './types.ts';

type Delta = Extract<EngineEvent, { type: 'delta' }>;

/**
 * What is asked of a place in place of the request. Log-probabilities are not: they are of pieces of placeholders, and nothing
 * of the text that is read.
 */
export function maskedRequest(request: GenerateRequest, masked: Masked): GenerateRequest {
  const { stop: _stop, logprobs: _logprobs, promptLogprobs: _promptLogprobs, ...rest } = request;
  return { ...rest, prompt: masked.prompt ?? request.prompt, ...(masked.stop.length > 0 && { stop: masked.stop }) };
}

/** The events of an answer with names and identifiers put back, in thinking as in text, for each of its choices. */
export async function* restored(
  events: AsyncIterable<EngineEvent>,
  masked: Masked,
  { choices = 1, stop = [] }: Pick<GenerateRequest, 'choices' | 'stop'>,
): AsyncGenerator<EngineEvent> {
  const open = new Map<number, Choice>();
  const choiceOf = (index: number): Choice => {
    const there = open.get(index) ?? new Choice(index, masked, stop);
    open.set(index, there);
    return there;
  };
  let promptTokens = 0;
  try {
    for await (const event of events) {
      if (event.type === 'prompt') {
        promptTokens = event.promptTokens;
        yield { type: 'prompt', promptTokens, cachedTokens: event.cachedTokens };
      } else if (event.type === 'delta' || event.type === 'finish' || event.type === 'thinking-end') {
        const choice = choiceOf(event.choice);
        if (choice.ended) continue;
        yield* choice.take(event);
        const all = [...open.values()];
        if (choice.stoppedHere && all.length === choices && all.every(({ ended }) => ended)) {
          yield doneHere(promptTokens, all);
          return;
        }
      } else yield event;
    }
  } finally {
    for (const choice of open.values()) masked.unknown += choice.unknown;
  }
}

/** One choice of an answer: what it thinks, then what it says. */
class Choice {
  readonly #index: number;
  readonly #thinking: Restorer;
  readonly #text: Restorer;
  readonly #stops: StopMatcher;
  // Of pieces that are held back: told with the next that is not.
  #tokens = 0;
  #allTokens = { text: 0, thinking: 0 };
  ended = false;
  stoppedHere = false;

  constructor(index: number, masked: Masked, stops: readonly string[]) {
    this.#index = index;
    this.#thinking = masked.restorer();
    this.#text = masked.restorer();
    this.#stops = new StopMatcher(stops);
  }

  get unknown(): number {
    return this.#thinking.unknown + this.#text.unknown;
  }
  get tokens(): Readonly<Record<Delta['kind'], number>> {
    return this.#allTokens;
  }

  *take(event: Extract<EngineEvent, { type: 'delta' | 'finish' | 'thinking-end' }>): Generator<EngineEvent> {
    if (event.type === 'delta') {
      this.#tokens += event.tokens;
      this.#allTokens[event.kind] += event.tokens;
      if (event.kind === 'thinking') yield* this.#say('thinking', this.#thinking.push(event.text));
      else {
        yield* this.#say('thinking', this.#thinking.end());
        yield* this.#sayText(this.#text.push(event.text), false);
      }
      return;
    }
    yield* this.#say('thinking', this.#thinking.end());
    if (event.type === 'finish') {
      yield* this.#sayText(this.#text.end(), true);
      if (this.ended) return;
      this.ended = true;
    }
    yield event;
  }

  *#sayText(text: string, last: boolean): Generator<EngineEvent> {
    const { text: free, stopped } = this.#stops.push(text);
    yield* this.#say('text', stopped === undefined && last ? free + this.#stops.flush() : free);
    if (stopped === undefined) return;
    this.ended = true;
    this.stoppedHere = true;
    yield { type: 'finish', choice: this.#index, reason: 'stop', stopSequence: stopped };
  }

  *#say(kind: Delta['kind'], text: string): Generator<EngineEvent> {
    if (text === '') return;
    const tokens = this.#tokens;
    this.#tokens = 0;
    yield { type: 'delta', choice: this.#index, kind, text, tokens };
  }
}

/** The end of an answer that was ended here, before the place told its own counts. */
function doneHere(promptTokens: number, choices: readonly Choice[]): EngineEvent {
  const thinkingTokens = choices.reduce((sum, { tokens }) => sum + tokens.thinking, 0);
  const completionTokens = choices.reduce((sum, { tokens }) => sum + tokens.text, thinkingTokens);
  const times = { queueMs: 0, promptMs: 0, generationMs: 0 };
  return {
    type: 'done',
    usage: { promptTokens, cachedPromptTokens: 0, completionTokens, thinkingTokens, ...times, estimated: true },
  };
}
