import { type RefObject, useMemo } from 'react';
import { groupByDate } from '../text/date-groups.ts';
import type { TextKey } from '../text/i18n.ts';
import { Icon, Mark } from '../ui/icon.tsx';
import { IconButton } from '../ui/icon-button.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { hashOf, route } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { ConversationRow } from './conversation-row.tsx';

export interface SidebarProps {
  readonly searchRef: RefObject<HTMLInputElement | null>;
  readonly onHide: () => void;
  /** Called when the person goes somewhere: a phone closes the drawer. */
  readonly onGo: () => void;
  readonly onSettings: () => void;
  readonly onHelp: () => void;
}

/** Conversations, their search, and the ways to the rest of the page. */
export function Sidebar({ searchRef, onHide, onGo, onSettings, onHelp }: SidebarProps) {
  const say = useSay();
  const here = useObservable(route);
  return (
    <>
      <div className="side-head">
        <span className="brand">
          <Mark />
          Intramuros
        </span>
        <IconButton icon="panel" label={say('sidebar.hide')} onClick={onHide} />
      </div>
      <a className="button button-new" href={hashOf({ page: 'new' })} onClick={onGo}>
        <Icon name="plus" />
        {say('new')}
      </a>
      <SearchBox searchRef={searchRef} />
      <ConversationList onGo={onGo} />
      <div className="side-foot">
        <Reach />
        <House onGo={onGo} />
        <div className="side-links">
          <a
            href={hashOf({ page: 'models' })}
            aria-current={here.page === 'models' ? 'page' : undefined}
            onClick={onGo}
            className="side-link"
          >
            <Icon name="cube" />
            {say('models')}
          </a>
          <button type="button" className="side-link" onClick={onSettings}>
            <Icon name="gear" />
            {say('settings')}
          </button>
          <IconButton icon="help" label={say('help')} onClick={onHelp} />
        </div>
      </div>
    </>
  );
}

/** The person at the page and, for those with a right to it, administration. */
function House({ onGo }: { readonly onGo: () => void }) {
  const say = useSay();
  const here = useObservable(route);
  const { session } = useServices();
  const known = useObservable(session.state, (state) => state.session);
  const who = known?.who;
  if (!who) return null;
  const name = known.mode === 'accounts' ? who.displayName || who.name : say('account');
  return (
    <div className="side-links">
      <a
        href={hashOf({ page: 'account' })}
        aria-current={here.page === 'account' ? 'page' : undefined}
        aria-label={known.mode === 'accounts' ? say('account.of', { name }) : undefined}
        onClick={onGo}
        className="side-link"
        title={name}
      >
        <Icon name="person" />
        <span className="side-name">{name}</span>
      </a>
      {who.rights.some(isForAdministration) ? (
        <a
          href={hashOf({ page: 'admin', section: 'people' })}
          aria-current={here.page === 'admin' ? 'page' : undefined}
          onClick={onGo}
          className="side-link"
        >
          <Icon name="key" />
          {say('admin')}
        </a>
      ) : null}
      {known.mode === 'accounts' ? (
        <IconButton icon="leave" label={say('sign.out')} onClick={() => void session.signOut()} />
      ) : null}
    </div>
  );
}

const isForAdministration = (right: string): boolean =>
  /^admin\./.test(right) || ['audit.read', 'usage.read', 'policy.approve', 'label.approve'].includes(right);

function SearchBox({ searchRef }: { readonly searchRef: RefObject<HTMLInputElement | null> }) {
  const say = useSay();
  const { list } = useServices();
  const query = useObservable(list.state, (state) => state.query);
  return (
    <search className="search">
      <Icon name="search" />
      <input
        ref={searchRef}
        type="search"
        value={query}
        placeholder={say('search.placeholder')}
        aria-label={say('search.label')}
        onChange={(event) => list.search(event.target.value)}
      />
    </search>
  );
}

function ConversationList({ onGo }: { readonly onGo: () => void }) {
  const say = useSay();
  const { list } = useServices();
  const { conversations, query, loaded, loading, problem, nextCursor } = useObservable(list.state);
  const groups = useMemo(() => groupByDate(conversations, new Date()), [conversations]);
  if (problem)
    return (
      <nav className="side-list" aria-label={say('list.label')}>
        <ProblemNote problem={problem} alert={false}>
          <button type="button" className="button" onClick={() => void list.refresh()}>
            {say('retry')}
          </button>
        </ProblemNote>
      </nav>
    );
  const sections = query.trim()
    ? [{ title: say('search.results', { count: conversations.length }), items: conversations }]
    : groups.map(({ group, items }) => ({ title: say(`date.${group}` as TextKey), items }));
  return (
    <nav className="side-list" aria-label={say('list.label')} aria-busy={loading}>
      {loaded && conversations.length === 0 ? (
        <p className="side-empty">{query.trim() ? say('search.none') : say('list.empty')}</p>
      ) : null}
      {sections.map(({ title, items }) => (
        <section key={title}>
          <h2>{title}</h2>
          <ul>
            {items.map((conversation) => (
              <ConversationRow key={conversation.id} conversation={conversation} query={query.trim()} onGo={onGo} />
            ))}
          </ul>
        </section>
      ))}
      {nextCursor ? (
        <button type="button" className="button side-more" onClick={() => void list.more()}>
          {say('list.more')}
        </button>
      ) : null}
    </nav>
  );
}

/** What the installation may reach and what it sent since it started, from the server's own count. */
function Reach() {
  const say = useSay();
  const format = useFormat();
  const { models } = useServices();
  const reach = useObservable(models.state, (state) => state.status?.reach);
  if (!reach) return null;
  return (
    <p className="reach" data-closed={reach.outside.length === 0 || undefined}>
      <span className="wall-tick" aria-hidden="true" />
      {reach.offline
        ? say('reach.offline')
        : say('reach.sent', { count: reach.bytesSent, bytes: format.bytes(reach.bytesSent) })}
    </p>
  );
}
