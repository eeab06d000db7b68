import { type ConversationRoom, type Conversations, joinMarks, type Marked } from '../../conversations/index.ts';
import type { Who } from '../../identity/index.ts';
import type { LabelSource } from '../../policy/index.ts';
import { before } from './before.ts';
import type { Passage } from './types.ts';

/**
 * Joins the labels of what is known before anything is read: the house's default and what the client says. The
 * conversation's mark and its messages are joined as the question is stored, in one transaction with it.
 */
export const label = before('label', (run) => run.timed('label', () => labelPassage(run)));

/** The same for anything that goes to a model. */
export function labelPassage(passage: Passage): void {
  passage.mark = markOf(passage);
}

/** What somebody has, as far as they may be let near it here: a key up to its highest label. */
export function conversationsOf(
  { conversations }: { readonly conversations: ConversationRoom },
  who: Who,
): Conversations {
  return conversations.of(who.personId, who.kind === 'key' ? who.ceiling : undefined);
}

/** What a request brings by itself. */
export function markOf({ caller, rooms }: Pick<Passage, 'caller' | 'rooms'>): Marked {
  const byDefault: LabelSource = { kind: 'default', id: 'defaultLabel', label: rooms.defaultLabel };
  const base = { label: byDefault.label, sources: [byDefault] };
  const raised = caller.raises?.map((source) => ({ label: source.label, sources: [source] }));
  return raised?.length ? joinMarks(base, ...raised) : base;
}
