import type { InstalledModel } from '../api/wire.ts';
import { type Choice, type Label, tiers } from '../api/wire-policy.ts';
import { useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { canChat } from './can-chat.ts';

/** A model that could answer: of this machine, of a distant place, with what policy says of it now. */
export interface ModelOption {
  readonly id: string;
  readonly title: string;
  readonly installed: InstalledModel | undefined;
  readonly choice: Choice | undefined;
}

export interface Chosen {
  readonly options: readonly ModelOption[];
  readonly model: ModelOption | undefined;
  /** The label that the next question will have, once the server said. */
  readonly label: Label | undefined;
  /** Set when policy forbids the chosen model. */
  readonly denied: Choice | undefined;
  /** The place that may answer and is nearest to the person. */
  readonly nearest: ModelOption | undefined;
  readonly pick: (id: string) => void;
}

/** The models that converse: those of this machine, and those that policy was asked about. */
export function modelOptions(
  installed: readonly InstalledModel[],
  choices: readonly Choice[] | undefined,
): readonly ModelOption[] {
  const byId = new Map(installed.map((model) => [model.id, model]));
  const asked = (choices ?? []).filter(({ model }) => {
    const own = byId.get(model);
    return !own || canChat(own);
  });
  const known = new Set(asked.map(({ model }) => model));
  const all = [
    ...asked.map((choice) => ({
      id: choice.model,
      title: byId.get(choice.model)?.title ?? choice.title,
      installed: byId.get(choice.model),
      choice,
    })),
    ...installed
      .filter((model) => canChat(model) && !known.has(model.id))
      .map((model) => ({ id: model.id, title: model.title, installed: model, choice: undefined })),
  ];
  return all.toSorted((a, b) => tierOf(a) - tierOf(b));
}

/** The nearest of those allowed: policy's own word for it, else the lowest tier. */
export function nearestOf(options: readonly ModelOption[]): ModelOption | undefined {
  const allowed = options.filter(({ choice }) => choice?.effect === 'allow');
  return allowed.find(({ choice }) => choice?.nearest) ?? allowed.toSorted((a, b) => tierOf(a) - tierOf(b))[0];
}
const tierOf = ({ choice }: Pick<ModelOption, 'choice'>): number => tiers.indexOf(choice?.tier ?? 'embedded');

/** The model that will answer: the conversation's, else the person's last choice, else the server's default, else any. */
export function useChosenModel(conversationId: string | undefined): Chosen {
  const { models, list, labels, preferences, client } = useServices();
  const state = useObservable(models.state);
  const choices = useObservable(labels.state, () => labels.view(conversationId).choices);
  const own = useObservable(list.state, (all) => all.conversations.find(({ id }) => id === conversationId)?.model);
  const last = useObservable(preferences.value, (value) => value.model);
  const options = modelOptions(state.models, choices?.choices);
  const wishes = [own, last, state.status?.defaultModel];
  const model =
    wishes.map((id) => options.find((one) => one.id === id)).find(Boolean) ??
    options.find(({ installed }) => installed) ??
    options[0];
  const pick = (id: string): void => {
    preferences.change({ model: id });
    if (conversationId === undefined) return;
    list.patch(conversationId, { model: id });
    // Asking sends the model again: a conversation that could not be changed loses nothing.
    client.changeConversation(conversationId, { model: id }).catch(() => undefined);
  };
  return {
    options,
    model,
    label: choices?.label,
    denied: model?.choice?.effect === 'deny' ? model.choice : undefined,
    nearest: nearestOf(options),
    pick,
  };
}
