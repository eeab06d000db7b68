import type { Message } from '../../conversations/index.ts';
import type { ChatMessage, PromptInput } from '../../engine/index.ts';
import type { Step } from './types.ts';

/** Stores the question and makes the place of its answer, durably, before anything is said. */
export const storeQuestion: Step = {
  name: 'store-question',
  async *run(run, _scope, next) {
    const { input } = run.turn;
    if (input.kind === 'conversation') {
      run.begun = await run.timed('store-question', () =>
        run.rooms.conversations.begin(input.target, { runId: run.id, model: run.by.model }),
      );
      run.prompt = toPrompt(run.begun.history, input);
    } else {
      run.prompt = input.kind === 'chat' ? { ...input, messages: withoutEmptySystem(input.messages) } : input;
    }
    yield* next();
  },
};

/** The branch as the model sees it. An answer that was cut before its first word is asked for anew. */
function toPrompt(history: readonly Message[], input: { readonly thinking?: boolean }): PromptInput {
  const last = history.at(-1);
  const continueLast = last?.role === 'assistant' && last.content !== '';
  const messages = last?.role === 'assistant' && !continueLast ? history.slice(0, -1) : history;
  return {
    kind: 'chat',
    messages: withoutEmptySystem(messages.map(toChatMessage)),
    ...(continueLast && { continueLast }),
    ...(input.thinking !== undefined && { thinking: input.thinking }),
  };
}

function toChatMessage({ role, content, thinking }: Message): ChatMessage {
  return { role, content, ...(thinking !== undefined && { thinking }) };
}

function withoutEmptySystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.filter(({ role, content }) => role !== 'system' || content.trim() !== '');
}
