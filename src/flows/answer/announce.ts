import type { BegunAnswer } from '../../conversations/index.ts';
import type { Clearance } from '../../policy/index.ts';
import type { Routed } from '../event.ts';
import type { Run, Step } from './types.ts';

/** Opens the run for its reader, and tells where in the conversation it is written. */
export const announce: Step = {
  name: 'announce',
  async *run(run, _scope, next) {
    yield { t: 'open', by: run.by, label: run.mark.label, at: run.rooms.clock.now() };
    if (run.begun) yield { t: 'note', by: run.by, kind: 'stored', data: stored(run.begun) };
    if (run.clearance) yield { t: 'note', by: run.by, kind: 'routed', data: routedOf(run, run.clearance) };
    yield* next();
  },
};

/** Where a run went, as its readers are told. */
export function routedOf(
  { by, masked }: Run,
  { destinationId, tier, decisionId }: Clearance,
  fellBackFrom?: string,
): Routed {
  return {
    model: by.model,
    destinationId,
    tier,
    decisionId,
    ...(masked && { masked: masked.counts }),
    ...(fellBackFrom !== undefined && { fellBackFrom }),
  };
}

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
