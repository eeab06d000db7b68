import type { BegunAnswer } from '../../conversations/index.ts';
import type { Step } from './types.ts';

/** Opens the run for its reader, and tells where in the conversation it is written. */
export const announce: Step = {
  name: 'announce',
  async *run(run, scope, next) {
    yield { t: 'open', by: run.by, label: scope.label, at: run.rooms.clock.now() };
    if (run.begun) yield { t: 'note', by: run.by, kind: 'stored', data: stored(run.begun) };
    yield* next();
  },
};

function stored(begun: BegunAnswer) {
  const last = begun.history.at(-1);
  const base = last?.id === begun.messageId ? last.content : '';
  return {
    conversationId: begun.conversationId,
    messageId: begun.messageId,
    ...(begun.userMessageId !== undefined && { userMessageId: begun.userMessageId }),
    ...(begun.title !== undefined && { title: begun.title }),
    ...(base !== '' && { baseLength: base.length }),
  };
}
