import { useState } from 'react';
import type { ChatNode } from '../store/tree.ts';
import { Icon } from '../ui/icon.tsx';
import { problemWords } from '../ui/problem-note.tsx';
import { useSay, useServices } from '../ui/services.ts';
import { takeFocus } from '../ui/take-focus.ts';

/** Deletes a message and what follows from it, after one question in its own place. */
export function DeleteMessage({ conversationId, node }: { readonly conversationId: string; readonly node: ChatNode }) {
  const say = useSay();
  const { chat, announcer } = useServices();
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    const problem = await chat.deleteMessage(conversationId, node.id);
    announcer.say(problem ? problemWords(say, problem).what : say('deleted'));
  };
  if (!asking)
    return (
      <button type="button" className="act" title={say('delete')} onClick={() => setAsking(true)}>
        <Icon name="trash" />
        <span>{say('delete')}</span>
      </button>
    );
  return (
    <span className="ask-delete">
      {say('delete.message')}
      <button type="button" className="act danger" onClick={() => void remove()}>
        {say('delete')}
      </button>
      <button type="button" className="act" onClick={() => setAsking(false)} ref={takeFocus}>
        {say('keep')}
      </button>
    </span>
  );
}
