import { I18nProvider, useLingui } from '@lingui/react';
import { StrictMode } from 'react';
import { I18nProvider as AriaLocale } from 'react-aria-components';
import { createRoot } from 'react-dom/client';
import { Client } from './api/client.ts';
import { Door } from './door/door.tsx';
import { openAnnouncer } from './store/announcer.ts';
import { ChatStore } from './store/chat-store.ts';
import { frameScheduler } from './store/emitter.ts';
import { LabelStore } from './store/label-store.ts';
import { ListStore } from './store/list-store.ts';
import { ModelsStore } from './store/models-store.ts';
import { openPreferences, type Preferences } from './store/preferences.ts';
import { SessionStore } from './store/session-store.ts';
import { countWords } from './text/detect-language.ts';
import { activate, chooseLocale, i18n, type TextKey } from './text/i18n.ts';
import { problemWords } from './ui/problem-note.tsx';
import { type Services, ServicesContext } from './ui/services.ts';
import './styles/index.css';

const say = (key: TextKey, values?: Record<string, string | number>): string => i18n._(key, values);

function openServices(): Services {
  const client = new Client({ key: sessionStorage.getItem('intramuros.key') ?? undefined });
  const [list, models, announcer] = [new ListStore(client), new ModelsStore(client), openAnnouncer()];
  const labels = new LabelStore(client);
  const session = new SessionStore(client, {
    // The next person starts with an empty memory.
    startAgain: () => {
      location.hash = '';
      location.reload();
    },
  });
  client.onUnauthorized = () => void session.refresh();
  const chat: ChatStore = new ChatStore({
    client,
    schedule: frameScheduler(),
    listener: {
      started: () => announcer.say(say('announce.started')),
      stored: ({ conversationId, title }) => {
        if (title) list.patch(conversationId, { title });
        labels.settled(conversationId);
      },
      ended: (conversationId, messageId) => {
        const node = chat.conversation(conversationId)?.nodes.get(messageId);
        // A failure is spoken by its own alert.
        if (node && node.status !== 'failed')
          announcer.say(
            say(node.status === 'stopped' ? 'announce.stopped' : 'announce.ended', { words: countWords(node.content) }),
          );
        else if (node?.error && document.hidden) announcer.say(problemWords(say, node.error).what);
        void list.refresh();
        void models.refresh();
        void labels.read(conversationId);
      },
      modelFacts: (id) => models.facts(id),
    },
  });
  return { client, chat, list, labels, session, models, announcer, preferences: openPreferences(localStorage) };
}

async function start(): Promise<void> {
  const services = openServices();
  const { preferences, models, session } = services;
  void session.refresh();
  const locale = (value: Preferences) =>
    chooseLocale(value.language, models.state.get().status?.language ?? 'auto', navigator.languages);
  let shown = locale(preferences.value.get());
  await activate(shown);
  const follow = () => {
    const value = preferences.value.get();
    const root = document.documentElement;
    root.dataset.theme = value.theme;
    root.dataset.text = value.textSize;
    root.dataset.density = value.density;
    const wanted = locale(value);
    if (wanted === shown) return;
    shown = wanted;
    void activate(wanted);
  };
  preferences.value.subscribe(follow);
  models.state.subscribe(follow);
  const root = document.getElementById('root');
  if (!root) throw new Error('index.html has no #root');
  createRoot(root).render(
    <StrictMode>
      <I18nProvider i18n={i18n}>
        <Localised services={services} />
      </I18nProvider>
    </StrictMode>,
  );
}

function Localised({ services }: { readonly services: Services }) {
  const { i18n: current } = useLingui();
  return (
    <AriaLocale locale={current.locale === 'fr' ? 'fr-FR' : 'en-US'}>
      <ServicesContext value={services}>
        <Door />
      </ServicesContext>
    </AriaLocale>
  );
}

void start();
