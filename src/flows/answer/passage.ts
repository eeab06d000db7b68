import type { PolicyAction } from '../../policy/index.ts';
import type { Caller, Need, Outgoing, Passage, Rooms, Spent } from './types.ts';

/** Begins anything that goes to a model. */
export function openPassage(begin: {
  readonly id: string;
  readonly caller: Caller;
  readonly action: PolicyAction;
  readonly rooms: Rooms;
  readonly conversationId?: string | undefined;
  readonly need: () => Need;
  readonly outgoing?: () => Outgoing;
  readonly record: (step: string, ms: number) => void;
}): Passage {
  const { clock, defaultLabel } = begin.rooms;
  const spent: Spent = {
    why: 'cancelled',
    promptTokens: 0,
    cachedPromptTokens: 0,
    completionTokens: 0,
    firstTokenMs: undefined,
    failure: undefined,
  };
  return {
    ...begin,
    conversationId: begin.conversationId,
    outgoing: begin.outgoing,
    maskedOnce: undefined,
    masked: undefined,
    told: { asked: undefined, answered: undefined, salt: begin.id },
    startedAt: clock.monotonic(),
    target: undefined,
    mark: { label: defaultLabel, sources: [] },
    reservation: undefined,
    clearance: undefined,
    decisionId: undefined,
    grantedTokens: undefined,
    spent,
    timedNow(step, work) {
      const before = clock.monotonic();
      try {
        return work();
      } finally {
        begin.record(step, clock.monotonic() - before);
      }
    },
    async timed(step, work) {
      const before = clock.monotonic();
      try {
        return await work();
      } finally {
        begin.record(step, clock.monotonic() - before);
      }
    },
  };
}
