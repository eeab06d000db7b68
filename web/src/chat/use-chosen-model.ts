import type { InstalledModel } from '../api/wire.ts';
import { useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { canChat } from './model-picker.tsx';

/** The model that will answer: the conversation's, else the person's last choice, else the server's default, else any. */
export function useChosenModel(conversationId: string | undefined): {
  readonly model: InstalledModel | undefined;
  readonly pick: (id: string) => void;
} {
  const { models, list, preferences, client } = useServices();
  const state = useObservable(models.state);
  const own = useObservable(list.state, (all) => all.conversations.find(({ id }) => id === conversationId)?.model);
  const last = useObservable(preferences.value, (value) => value.model);
  const able = state.models.filter(canChat);
  const wishes = [own, last, state.status?.defaultModel];
  const model = wishes.map((id) => able.find((one) => one.id === id)).find(Boolean) ?? able[0];
  const pick = (id: string): void => {
    preferences.change({ model: id });
    if (conversationId === undefined) return;
    list.patch(conversationId, { model: id });
    // Asking sends the model again: a conversation that could not be changed loses nothing.
    client.changeConversation(conversationId, { model: id }).catch(() => undefined);
  };
  return { model, pick };
}
