import { type KeyboardEvent, type ReactNode, type RefObject, useLayoutEffect } from 'react';
import { Icon } from '../ui/icon.tsx';
import { useSay } from '../ui/services.ts';

interface Props {
  readonly inputRef: RefObject<HTMLTextAreaElement | null>;
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly onSend: () => void;
  readonly onEditLast: () => void;
  /** Set while an answer is being made. */
  readonly onStop: (() => void) | undefined;
  readonly disabled: boolean;
  /** The label, above what is written. */
  readonly head?: ReactNode;
  /** Model picker and gauge. */
  readonly children: ReactNode;
}

/** Where a question is written. Enter sends, Shift+Enter breaks the line, Up in an empty box edits the last question. */
export function Composer({ inputRef, draft, onDraft, onSend, onEditLast, onStop, disabled, head, children }: Props) {
  const say = useSay();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the box grows with what is written in it
  useLayoutEffect(() => {
    const box = inputRef.current;
    if (!box) return;
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight, window.innerHeight * 0.4)}px`;
  }, [draft, inputRef]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (!onStop && !disabled && draft.trim()) onSend();
    } else if (event.key === 'ArrowUp' && draft === '' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      onEditLast();
    }
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        if (!onStop && !disabled && draft.trim()) onSend();
      }}
    >
      {head}
      <textarea
        ref={inputRef}
        rows={1}
        value={draft}
        placeholder={say('composer.placeholder')}
        aria-label={say('composer.label')}
        enterKeyHint="send"
        onChange={(event) => onDraft(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="composer-foot">
        {children}
        {onStop ? (
          <button type="button" className="button button-stop" onClick={onStop}>
            <Icon name="stop" />
            {say('stop')}
          </button>
        ) : (
          <button type="submit" className="button button-strong" disabled={disabled || !draft.trim()}>
            {say('send')}
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  );
}
