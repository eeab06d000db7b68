import type { ChatNode } from '../store/tree.ts';
import type { TextKey } from '../text/i18n.ts';
import { Icon } from '../ui/icon.tsx';
import { useSay, useServices } from '../ui/services.ts';

/** Why an answer is not whole, if it is not. */
export function cutReason(node: ChatNode): 'length' | 'stopped' | 'interrupted' | 'failed' | undefined {
  if (node.status === 'stopped') return 'stopped';
  if (node.status === 'failed') return 'failed';
  if (node.status === 'interrupted' || node.status === 'generating') return 'interrupted';
  return node.endedBy === 'length' ? 'length' : undefined;
}

/** Says that and why an answer was cut, and offers to go on. */
export function EndNote({ node, conversationId }: { readonly node: ChatNode; readonly conversationId: string }) {
  const say = useSay();
  const { chat } = useServices();
  const reason = cutReason(node);
  if (!reason) return null;
  return (
    <p className="end-note">
      <span>{say(`cut.${reason}` as TextKey)}</span>
      <button type="button" className="button" onClick={() => void chat.continueAnswer(conversationId, node.id)}>
        <Icon name="play" />
        {say('continue')}
      </button>
    </p>
  );
}
