import type { ChatNode } from '../store/tree.ts';
import { IconButton } from '../ui/icon-button.tsx';
import { useSay, useServices } from '../ui/services.ts';

/** ‹2/3›: the other wordings of a question, or the other answers to it. */
export function Branches({
  conversationId,
  node,
  siblings,
}: {
  readonly conversationId: string;
  readonly node: ChatNode;
  readonly siblings: readonly ChatNode[];
}) {
  const say = useSay();
  const { chat, announcer } = useServices();
  if (siblings.length < 2) return null;
  const at = siblings.findIndex(({ id }) => id === node.id);
  const show = (index: number) => {
    const sibling = siblings[index];
    if (!sibling) return;
    chat.switchTo(conversationId, sibling.id);
    announcer.say(say('branch.at', { at: index + 1, of: siblings.length }));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: three controls of one thing, not a form's fieldset
    <span className="branches" role="group" aria-label={say('branch.label')}>
      <IconButton icon="left" label={say('branch.previous')} disabled={at === 0} onClick={() => show(at - 1)} />
      <span className="mono">
        <span className="visually-hidden">{say('branch.at', { at: at + 1, of: siblings.length })}</span>
        <span aria-hidden="true">
          {at + 1}/{siblings.length}
        </span>
      </span>
      <IconButton
        icon="right"
        label={say('branch.next')}
        disabled={at === siblings.length - 1}
        onClick={() => show(at + 1)}
      />
    </span>
  );
}
