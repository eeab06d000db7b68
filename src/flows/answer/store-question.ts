import type { AnswerTarget, BegunAnswer, Message } from '../../conversations/index.ts';
import type { ChatMessage, PromptInput } from '../../engine/index.ts';
import { before } from './before.ts';
import { conversationsOf } from './label.ts';
import type { Run } from './types.ts';

/**
 * Stores the question with its label and makes the place of its answer, durably, before anything is said or decided: a
 * question that may not be sent where it was meant to go is kept, and can be asked of another model.
 */
export const storeQuestion = before('store-question', async (run) => {
  const { input } = run.turn;
  if (input.kind === 'conversation') {
    run.begun = await run.timed('store-question', () => begin(run, input.target));
    run.mark = run.begun.mark;
    run.prompt = toPrompt(run.begun.history, input);
  } else {
    run.prompt = input.kind === 'chat' ? { ...input, messages: withoutEmptySystem(input.messages) } : input;
  }
});

function begin({ id, by, caller, rooms, mark }: Run, target: AnswerTarget): Promise<BegunAnswer> {
  return conversationsOf(rooms, caller.who).begin(target, { runId: id, model: by.model, mark });
}

/** The branch as the model sees it. An answer that was cut before its first word is asked for anew. */
function toPrompt(history: readonly Message[], input: { readonly thinking?: boolean }): PromptInput {
  const last = history.at(-1);
  const continueLast = last?.role === 'assistant' && last.content !== '';
  const messages = last?.role === 'assistant' && !continueLast ? history.slice(0, -1) : history;
  return {
    kind: 'chat',
    messages: toChatMessages(messages),
    ...(continueLast && { continueLast }),
    ...(input.thinking !== undefined && { thinking: input.thinking }),
  };
}

/** Stored messages as a model is given them. */
export const toChatMessages = (messages: readonly Message[]): readonly ChatMessage[] =>
  withoutEmptySystem(messages.map(toChatMessage));

function toChatMessage({ role, content, thinking }: Message): ChatMessage {
  return { role, content, ...(thinking !== undefined && { thinking }) };
}

function withoutEmptySystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.filter(({ role, content }) => role !== 'system' || content.trim() !== '');
}
