import { useState } from 'react';
import type { Conversation } from '../api/wire.ts';
import type { ErasureReceipt } from '../api/wire-evidence.ts';
import { Panel } from '../ui/panel.tsx';
import { go, route } from '../ui/route.ts';
import { useSay, useServices } from '../ui/services.ts';
import { ErasePanel } from './erase-panel.tsx';

/** Erases one conversation for good, and leaves the proof that it was. */
export default function EraseConversation({
  conversation,
  onClose,
}: {
  readonly conversation: Pick<Conversation, 'id' | 'title'>;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const { client, chat, list } = useServices();
  const [erased, setErased] = useState(false);
  const { id, title } = conversation;
  const erase = async () => {
    const { receipt } = await client.ask<{ receipt: ErasureReceipt }>(
      'POST',
      `/api/conversations/${encodeURIComponent(id)}/erase`,
    );
    setErased(true);
    return receipt;
  };
  // The row goes, and this panel with it, only once the receipt was seen.
  const close = () => {
    onClose();
    if (!erased) return;
    chat.forget(id);
    void list.refresh();
    const at = route.get();
    if (at.page === 'conversation' && at.id === id) go({ page: 'new' }, { replace: true });
  };
  return (
    <Panel title={say('erase.with')} onClose={close}>
      {erased ? null : <p>{say('erase.one.text', { title: title || say('untitled') })}</p>}
      <ErasePanel onErase={erase} onCancel={close} />
    </Panel>
  );
}
