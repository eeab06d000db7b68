import { type KeyboardEvent, memo, useRef, useState } from 'react';
import type { ChatNode } from '../store/tree.ts';
import { isMarked } from '../text/label.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { LabelBadge } from '../ui/label-badge.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { takeFocus } from '../ui/take-focus.ts';
import { Branches } from './branches.tsx';
import { DeleteMessage } from './delete-message.tsx';
import { useNear } from './use-near.ts';

export interface MessageProps {
  readonly conversationId: string;
  readonly node: ChatNode;
  readonly siblings: readonly ChatNode[];
  readonly near: boolean;
  readonly position: number;
  readonly model: string | undefined;
}

const longCharacters = 2400;

/** What the person asked. Editing makes a sibling: the first wording stays, a branch away. */
export const Question = memo(function Question(props: MessageProps) {
  const { node, position } = props;
  const say = useSay();
  const article = useRef<HTMLElement>(null);
  const near = useNear(article, props.near);
  const [editing, setEditing] = useState(false);
  const label = say('question.label', { position });
  return (
    <article className="message question" ref={article} aria-label={label} data-message={node.id} tabIndex={-1}>
      <h2 className="visually-hidden">{label}</h2>
      {editing ? (
        <EditQuestion {...props} onDone={() => setEditing(false)} />
      ) : (
        <>
          <QuestionText content={node.content} />
          {near ? <QuestionActs {...props} onEdit={() => setEditing(true)} /> : null}
        </>
      )}
    </article>
  );
});

function QuestionText({ content }: { readonly content: string }) {
  const say = useSay();
  const [whole, setWhole] = useState(false);
  const cut = !whole && content.length > longCharacters;
  return (
    <>
      <p className="question-text" dir="auto">
        {cut ? `${content.slice(0, longCharacters)}…` : content}
      </p>
      {content.length > longCharacters ? (
        <button type="button" className="act" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {say(whole ? 'show.less' : 'show.all')}
        </button>
      ) : null}
    </>
  );
}

function QuestionActs({ onEdit, ...props }: MessageProps & { readonly onEdit: () => void }) {
  const say = useSay();
  const format = useFormat();
  const { node } = props;
  return (
    <div className="acts question-acts">
      <button type="button" className="act" data-act="edit" title={say('edit')} onClick={onEdit}>
        <Icon name="edit" />
        <span>{say('edit')}</span>
      </button>
      <CopyButton text={() => node.content} label="copy" />
      <Branches {...props} />
      <DeleteMessage conversationId={props.conversationId} node={node} />
      {node.label && isMarked(node.label) ? <LabelBadge label={node.label} /> : null}
      <time className="mono faint" dateTime={node.createdAt} title={format.dateTime(node.createdAt)}>
        {format.time(node.createdAt)}
      </time>
    </div>
  );
}

function EditQuestion({ conversationId, node, model, onDone }: MessageProps & { readonly onDone: () => void }) {
  const say = useSay();
  const { chat } = useServices();
  const [content, setContent] = useState(node.content);
  const send = () => {
    const text = content.trim();
    if (!text) return;
    onDone();
    void chat.ask(conversationId, { parentId: node.parentId ?? null, content: text, model });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') {
      event.stopPropagation();
      onDone();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };
  return (
    <div className="edit">
      <textarea
        value={content}
        rows={Math.min(12, content.split('\n').length + 1)}
        aria-label={say('edit.label')}
        onChange={(event) => setContent(event.target.value)}
        onKeyDown={onKeyDown}
        ref={takeFocus}
      />
      <p className="faint">{say('edit.keeps')}</p>
      <div className="row-acts">
        <button type="button" className="button button-strong" onClick={send} disabled={!content.trim()}>
          {say('send')}
        </button>
        <button type="button" className="button" onClick={onDone}>
          {say('cancel')}
        </button>
      </div>
    </div>
  );
}
