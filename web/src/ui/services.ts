import { useLingui } from '@lingui/react';
import { createContext, useContext, useMemo } from 'react';
import type { Client } from '../api/client.ts';
import type { Announcer } from '../store/announcer.ts';
import type { ChatStore } from '../store/chat-store.ts';
import type { LabelStore } from '../store/label-store.ts';
import type { ListStore } from '../store/list-store.ts';
import type { ModelsStore } from '../store/models-store.ts';
import type { PreferencesStore } from '../store/preferences.ts';
import type { SessionStore } from '../store/session-store.ts';
import { Format } from '../text/format.ts';
import type { Say, TextKey, Values } from '../text/i18n.ts';

/** What every part of the page may use. */
export interface Services {
  readonly client: Client;
  readonly chat: ChatStore;
  readonly list: ListStore;
  readonly labels: LabelStore;
  readonly session: SessionStore;
  readonly models: ModelsStore;
  readonly preferences: PreferencesStore;
  readonly announcer: Announcer;
}
export const ServicesContext = createContext<Services | undefined>(undefined);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error('The page has no services: wrap it in ServicesContext.');
  return services;
}

/** Says a text in the page's language. */
export function useSay(): Say {
  const { i18n } = useLingui();
  // The locale is part of the identity: a memoised reader re-renders when the language changes.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the i18n object is one, its locale changes
  return useMemo(() => (key: TextKey, values?: Values) => i18n._(key, values), [i18n, i18n.locale]);
}

export function useFormat(): Format {
  const { i18n } = useLingui();
  return useMemo(() => new Format(i18n.locale), [i18n.locale]);
}
