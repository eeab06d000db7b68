import { type ConversationRoom, type Conversations, joinMarks, type Marked } from '../../conversations/index.ts';
import type { Who } from '../../identity/index.ts';
import type { LabelSource } from '../../policy/index.ts';
import { before } from './before.ts';
import { detectedLabels, type SentTexts, textsOfTurn } from './detected-label.ts';
import type { Passage } from './types.ts';

/**
 * Joins the labels of what is known before anything is read: the house's default, what the client says and, where the
 * house wants it, what the detectors find. The
 * conversation's mark and its messages are joined as the question is stored, in one transaction with it.
 */
export const label = before('label', (run) => run.timed('label', () => labelPassage(run, textsOfTurn(run.turn))));

/** The same for anything that goes to a model. */
export function labelPassage(passage: Passage, texts: SentTexts): void {
  const own = markOf(passage);
  const detected = detectedLabels(passage, texts);
  passage.mark = detected.length === 0 ? own : joinMarks(own, ...detected.map(toMark));
}

const toMark = (source: LabelSource): Marked => ({ label: source.label, sources: [source] });

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
  const raised = caller.raises?.map(toMark);
  return raised?.length ? joinMarks(base, ...raised) : base;
}
