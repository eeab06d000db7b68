import { type FormEvent, type ReactNode, useState } from 'react';
import type { Save } from '../form/use-save.ts';
import { Icon } from '../ui/icon.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { type AdminSection, hashOf } from '../ui/route.ts';
import { useSay } from '../ui/services.ts';
import { takeFocus } from '../ui/take-focus.ts';

/** One thing of a list: the way back, its name, its form. */
export function Detail({
  section,
  back,
  title,
  children,
}: {
  readonly section: AdminSection;
  readonly back: string;
  readonly title: string;
  readonly children: ReactNode;
}) {
  return (
    <>
      <a className="back" href={hashOf({ page: 'admin', section })}>
        <Icon name="left" />
        {back}
      </a>
      <h2>{title}</h2>
      {children}
    </>
  );
}

/** A form that saves: its failure above its buttons, and what takes the thing away at the end. */
export function SaveForm({
  save,
  onSave,
  onStale,
  disabled = false,
  words,
  children,
  more,
}: {
  readonly save: Save;
  readonly onSave: () => void;
  /** Reads the record anew after somebody else changed it. */
  readonly onStale?: () => void;
  readonly disabled?: boolean;
  readonly words?: string;
  readonly children: ReactNode;
  readonly more?: ReactNode;
}) {
  const say = useSay();
  return (
    <form
      className="form"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        onSave();
      }}
    >
      {children}
      {save.problem?.code === 'conflict' && onStale ? (
        <div className="problem" role="alert">
          <Icon name="warning" />
          <div>
            <p className="problem-what">{say('admin.conflict')}</p>
            <p>{say('admin.conflict.todo')}</p>
            <div className="problem-acts">
              <button type="button" className="button" onClick={onStale}>
                {say('admin.reread')}
              </button>
            </div>
          </div>
        </div>
      ) : save.problem ? (
        <ProblemNote problem={save.problem} />
      ) : null}
      <div className="row-acts">
        <button type="submit" className="button button-strong" disabled={save.working || disabled}>
          {words ?? say('save')}
        </button>
        {more}
      </div>
    </form>
  );
}

/** Takes something away after asking once more, in place. */
export function RemoveButton({
  words,
  question,
  onRemove,
}: {
  readonly words: string;
  readonly question: string;
  readonly onRemove: () => void;
}) {
  const say = useSay();
  const [asking, setAsking] = useState(false);
  if (!asking)
    return (
      <button type="button" className="button" onClick={() => setAsking(true)}>
        {words}
      </button>
    );
  return (
    <span className="ask-delete">
      {question}
      <button type="button" className="button button-danger" onClick={onRemove}>
        {words}
      </button>
      <button type="button" className="button" onClick={() => setAsking(false)} ref={takeFocus}>
        {say('keep')}
      </button>
    </span>
  );
}

/** The head of a list: its name, what it is in a sentence, and the way to add to it. */
export function ListHead({
  title,
  lead,
  section,
  add,
}: {
  readonly title: string;
  readonly lead: string;
  readonly section?: AdminSection;
  readonly add?: string;
}) {
  return (
    <>
      <div className="section-head">
        <h2>{title}</h2>
        {section && add ? (
          <a className="button" href={hashOf({ page: 'admin', section, id: 'new' })}>
            <Icon name="plus" />
            {add}
          </a>
        ) : null}
      </div>
      <p className="faint lead">{lead}</p>
    </>
  );
}

/** A box that narrows a list as it is typed in. */
export function Narrow({
  label,
  value,
  onValue,
}: {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
}) {
  return (
    <search className="search">
      <Icon name="search" />
      <input
        type="search"
        value={value}
        aria-label={label}
        placeholder={label}
        onChange={(event) => onValue(event.target.value)}
      />
    </search>
  );
}
