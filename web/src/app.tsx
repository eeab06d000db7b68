import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { ChatPage } from './chat/chat-page.tsx';
import { Receipt } from './chat/receipt.tsx';
import { ModelsPage } from './models/models-page.tsx';
import { HelpPanel } from './settings/help-panel.tsx';
import { SettingsPanel } from './settings/settings-panel.tsx';
import { Sidebar } from './side/sidebar.tsx';
import { type TextKey, withHouseWords, withProofWords } from './text/i18n.ts';
import { IconButton } from './ui/icon-button.tsx';
import { KeyPanel } from './ui/key-panel.tsx';
import { Panel } from './ui/panel.tsx';
import { type Route, route } from './ui/route.ts';
import { useSay, useServices } from './ui/services.ts';
import { useKeys } from './ui/use-keys.ts';
import { useMedia } from './ui/use-media.ts';
import { useObservable } from './ui/use-observable.ts';

const AccountPage = lazy(() => withHouseWords(import('./house/account-page.tsx')));
const AccountsPage = lazy(() => withHouseWords(import('./house/accounts-page.tsx')));
const HeldPage = lazy(() => withProofWords(import('./house/held-page.tsx')));
const AdminPage = lazy(() => withHouseWords(import('./admin/admin-page.tsx')));

type Open = 'side' | 'settings' | 'help' | 'key' | undefined;

/** The whole page: the list, the walled middle, and what opens beside it. */
export function App() {
  const say = useSay();
  const { preferences, list, models, announcer, chat, session } = useServices();
  const here = useObservable(route);
  const sidebar = useObservable(preferences.value, (value) => value.sidebar);
  const [open, setOpen] = useState<Open>();
  const [receiptOf, setReceiptOf] = useState<string>();
  const [picking, setPicking] = useState(false);
  const searchRef = useRef<HTMLInputElement>(null);
  const inputRef = useRef<HTMLTextAreaElement>(null);
  const narrow = useMedia('(max-width: 820px)');
  const wide = useMedia('(min-width: 1180px)');
  const close = useCallback(() => setOpen(undefined), []);
  const conversationId = here.page === 'conversation' ? here.id : undefined;
  const title = useObservable(
    list.state,
    (state) => state.conversations.find(({ id }) => id === conversationId)?.title,
  );
  const receiptNode = useObservable(chat.state, (all) =>
    conversationId && receiptOf ? all.get(conversationId)?.nodes.get(receiptOf) : undefined,
  );
  // With accounts a person signs in; without, a server that wants a key is given one.
  const single = useObservable(session.state, (state) => state.session?.mode !== 'accounts');
  const refused = useObservable(models.state, (state) => state.problem?.code === 'unauthorized');
  const unauthorized = refused && single;
  useRegularReading();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a receipt belongs to one conversation
  useEffect(() => setReceiptOf(undefined), [conversationId]);
  useEffect(() => {
    if (unauthorized) setOpen('key');
  }, [unauthorized]);
  const toggleSide = useCallback(() => {
    if (narrow) setOpen((now) => (now === 'side' ? undefined : 'side'));
    else preferences.change({ sidebar: !preferences.value.get().sidebar });
  }, [narrow, preferences]);
  const showSide = useCallback(() => {
    if (narrow) setOpen('side');
    else preferences.change({ sidebar: true });
  }, [narrow, preferences]);
  const layout = useKeys({
    conversationId,
    inputRef,
    onShowSide: showSide,
    onSearch: () => {
      showSide();
      requestAnimationFrame(() => requestAnimationFrame(() => searchRef.current?.focus()));
    },
    onSidebar: toggleSide,
    onModels: () => setPicking(true),
    onSettings: () => setOpen('settings'),
    onHelp: () => setOpen('help'),
  });
  const heading = conversationId ? title || say('untitled') : say(headings[here.page]);
  useEffect(() => {
    document.title = `${heading} – Intramuros`;
  }, [heading]);
  const sideProps = {
    searchRef,
    onHide: toggleSide,
    onGo: close,
    onSettings: () => setOpen('settings'),
    onHelp: () => setOpen('help'),
  };
  const receipt = receiptNode ? <Receipt node={receiptNode} /> : null;
  return (
    <div
      className="shell"
      data-side={(!narrow && sidebar) || undefined}
      data-drawer={(wide && receipt !== null) || undefined}
    >
      <button type="button" className="skip" onClick={() => inputRef.current?.focus()}>
        {say('skip')}
      </button>
      {!narrow && sidebar ? (
        <aside className="side" aria-label={say('sidebar.label')}>
          <Sidebar {...sideProps} />
        </aside>
      ) : null}
      <main id="main" className="middle">
        <header className="head">
          {narrow || !sidebar ? <IconButton icon="panel" label={say('sidebar.show')} onClick={toggleSide} /> : null}
          <h1 title={heading}>{heading}</h1>
        </header>
        {here.page === 'models' ? (
          <ModelsPage />
        ) : here.page !== 'new' && here.page !== 'conversation' ? (
          <Suspense fallback={<p className="waiting page-column">{say('wait.page')}</p>}>
            {here.page === 'account' ? <AccountPage /> : null}
            {here.page === 'held' ? <HeldPage /> : null}
            {here.page === 'accounts' ? <AccountsPage /> : null}
            {here.page === 'admin' ? <AdminPage section={here.section} id={here.id} /> : null}
          </Suspense>
        ) : (
          <ChatPage
            id={conversationId}
            inputRef={inputRef}
            picking={picking}
            onPicking={setPicking}
            onReceipt={(id) => setReceiptOf((now) => (now === id ? undefined : id))}
          />
        )}
      </main>
      {receipt && wide ? (
        <aside className="drawer" aria-label={say('receipt.title')}>
          <header className="sheet-head">
            <h2>{say('receipt.title')}</h2>
            <IconButton icon="close" label={say('close')} onClick={() => setReceiptOf(undefined)} />
          </header>
          {receipt}
        </aside>
      ) : null}
      {receipt && !wide ? (
        <Panel title={say('receipt.title')} side="right" onClose={() => setReceiptOf(undefined)}>
          {receipt}
        </Panel>
      ) : null}
      {open === 'side' && narrow ? (
        <Panel title="Intramuros" side="left" onClose={close}>
          <Sidebar {...sideProps} />
        </Panel>
      ) : null}
      {open === 'settings' ? <SettingsPanel onClose={close} /> : null}
      {open === 'help' ? <HelpPanel layout={layout} onClose={close} /> : null}
      {open === 'key' ? (
        <KeyPanel
          onClose={() => {
            close();
            void models.refresh();
            void list.refresh();
          }}
        />
      ) : null}
      <StatusLine announcer={announcer} />
    </div>
  );
}

const headings: Readonly<Record<Route['page'], TextKey>> = {
  new: 'new',
  conversation: 'untitled',
  models: 'models',
  account: 'account',
  held: 'held',
  accounts: 'accounts.create',
  admin: 'admin',
};

/** The one persistent voice of the page for screen readers. */
function StatusLine({ announcer }: { readonly announcer: ReturnType<typeof useServices>['announcer'] }) {
  const { text, turn } = useObservable(announcer.value);
  return (
    <div role="status" className="visually-hidden" data-turn={turn}>
      {text}
    </div>
  );
}

const readEveryMs = 15_000;
const readInSetupEveryMs = 1_500;

/** Reads what the machine says of itself: often while it sets itself up, now and then after, never in a hidden tab. */
function useRegularReading(): void {
  const { models, list } = useServices();
  const settingUp = useObservable(models.state, (state) => state.status?.setup.state === 'working');
  useEffect(() => {
    void models.refresh();
    void list.refresh();
  }, [models, list]);
  useEffect(() => {
    const timer = setInterval(
      () => {
        if (!document.hidden) void models.refresh();
      },
      settingUp ? readInSetupEveryMs : readEveryMs,
    );
    return () => clearInterval(timer);
  }, [models, settingUp]);
}
