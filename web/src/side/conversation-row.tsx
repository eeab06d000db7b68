import { type FormEvent, lazy, Suspense, useRef, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { toProblemBody } from '../api/problem.ts';
import type { Conversation } from '../api/wire.ts';
import { withProofWords } from '../text/i18n.ts';
import { Icon } from '../ui/icon.tsx';
import { problemWords } from '../ui/problem-note.tsx';
import { go, hashOf, route } from '../ui/route.ts';
import { useSay, useServices } from '../ui/services.ts';
import { takeFocus } from '../ui/take-focus.ts';
import { useObservable } from '../ui/use-observable.ts';
import { saveExport } from './save-export.ts';
import { Marked } from './snippet.tsx';

const EraseConversation = lazy(() => withProofWords(import('../proof/erase-conversation.tsx')));

type Mode = 'row' | 'rename' | 'erase';

/** One conversation of the list, with its menu; renaming and the question before deleting take the row's own place. */
export function ConversationRow({
  conversation,
  query,
  onGo,
}: {
  readonly conversation: Conversation;
  readonly query: string;
  readonly onGo: () => void;
}) {
  const { list } = useServices();
  const [mode, setMode] = useState<Mode>('row');
  const removing = useObservable(list.state, (state) => state.removing === conversation.id);
  const opener = useRef<HTMLButtonElement>(null);
  const back = () => {
    setMode('row');
    if (removing) list.askToRemove(undefined);
    requestAnimationFrame(() => opener.current?.focus());
  };
  if (mode === 'rename') return <RenameForm conversation={conversation} onDone={back} />;
  if (removing) return <RemoveQuestion conversation={conversation} onKeep={back} />;
  return (
    <>
      <Row conversation={conversation} query={query} onGo={onGo} onMode={setMode} opener={opener} />
      {mode === 'erase' ? (
        <Suspense fallback={null}>
          <EraseConversation conversation={conversation} onClose={back} />
        </Suspense>
      ) : null}
    </>
  );
}

function Row({
  conversation,
  query,
  onGo,
  onMode,
  opener,
}: {
  readonly conversation: Conversation;
  readonly query: string;
  readonly onGo: () => void;
  readonly onMode: (mode: Mode) => void;
  readonly opener: React.RefObject<HTMLButtonElement | null>;
}) {
  const say = useSay();
  const { chat, client, list, announcer } = useServices();
  const here = useObservable(route);
  const running = useObservable(chat.state, (all) => (all.get(conversation.id)?.live.size ?? 0) > 0);
  const current = here.page === 'conversation' && here.id === conversation.id;
  const title = conversation.title || say('untitled');
  const save = (format: 'markdown' | 'json') => {
    saveExport(client, conversation, format).catch((error: unknown) =>
      announcer.say(problemWords(say, toProblemBody(error)).what),
    );
  };
  return (
    <li className="row" data-current={current || undefined}>
      <a
        href={hashOf({ page: 'conversation', id: conversation.id })}
        aria-current={current ? 'page' : undefined}
        onClick={onGo}
        title={title}
      >
        <span className="row-title">
          {running ? <span className="alive" role="img" aria-label={say('list.running')} /> : null}
          <Marked text={title} query={query} />
        </span>
        {query && conversation.snippet ? (
          <span className="row-snippet">
            <Marked text={conversation.snippet} query={query} />
          </span>
        ) : null}
      </a>
      <MenuTrigger>
        <Button ref={opener} className="icon-button row-menu" aria-label={say('list.menu', { title })}>
          <Icon name="more" />
        </Button>
        <Popover placement="bottom end" className="popover">
          <Menu className="menu" aria-label={say('list.menu', { title })}>
            <MenuItem onAction={() => onMode('rename')}>
              <Icon name="edit" /> {say('rename')}
            </MenuItem>
            <MenuItem onAction={() => save('markdown')}>
              <Icon name="download" /> {say('export.markdown')}
            </MenuItem>
            <MenuItem onAction={() => save('json')}>
              <Icon name="download" /> {say('export.json')}
            </MenuItem>
            <MenuItem onAction={() => list.askToRemove(conversation.id)} className="danger">
              <Icon name="trash" /> {say('delete')}
            </MenuItem>
            <MenuItem onAction={() => onMode('erase')} className="danger">
              <Icon name="receipt" /> {say('erase.with')}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
    </li>
  );
}

function RenameForm({ conversation, onDone }: { readonly conversation: Conversation; readonly onDone: () => void }) {
  const say = useSay();
  const { list, announcer } = useServices();
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const title = String(new FormData(event.currentTarget).get('title') ?? '').trim();
    try {
      if (title && title !== conversation.title) await list.rename(conversation.id, title);
      onDone();
    } catch (error) {
      announcer.say(problemWords(say, toProblemBody(error)).what);
    }
  };
  return (
    <li className="row row-form">
      <form
        onSubmit={(event) => void save(event)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          onDone();
        }}
      >
        <input
          name="title"
          aria-label={say('rename.label')}
          defaultValue={conversation.title}
          maxLength={200}
          ref={takeFocus}
        />
        <span className="row-acts">
          <button type="submit" className="button button-strong">
            {say('save')}
          </button>
          <button type="button" className="button" onClick={onDone}>
            {say('cancel')}
          </button>
        </span>
      </form>
    </li>
  );
}

function RemoveQuestion({
  conversation,
  onKeep,
}: {
  readonly conversation: Conversation;
  readonly onKeep: () => void;
}) {
  const say = useSay();
  const { list, chat, announcer } = useServices();
  const remove = async () => {
    try {
      await list.remove(conversation.id);
      chat.forget(conversation.id);
      announcer.say(say('deleted'));
      const at = route.get();
      if (at.page === 'conversation' && at.id === conversation.id) go({ page: 'new' }, { replace: true });
    } catch (error) {
      announcer.say(problemWords(say, toProblemBody(error)).what);
      onKeep();
    }
  };
  return (
    <li className="row row-form">
      <p>{say('delete.question', { title: conversation.title || say('untitled') })}</p>
      <span className="row-acts">
        <button type="button" className="button button-danger" onClick={() => void remove()}>
          {say('delete')}
        </button>
        <button type="button" className="button" onClick={onKeep} ref={takeFocus}>
          {say('keep')}
        </button>
      </span>
    </li>
  );
}
