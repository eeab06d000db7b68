import { type RefObject, useEffect, useRef, useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import { editLast } from '../chat/chat-page.tsx';
import { pathTo } from '../store/tree.ts';
import { type Action, actionOf, bindingsFor, chordOf, detectLayout, type Layout } from '../text/shortcuts.ts';
import { copyText } from './copy-button.tsx';
import { problemWords } from './problem-note.tsx';
import { go } from './route.ts';
import { useSay, useServices } from './services.ts';

interface Targets {
  readonly conversationId: string | undefined;
  readonly inputRef: RefObject<HTMLTextAreaElement | null>;
  readonly onSearch: () => void;
  readonly onSidebar: () => void;
  readonly onShowSide: () => void;
  readonly onModels: () => void;
  readonly onSettings: () => void;
  readonly onHelp: () => void;
}

/** The page's keyboard: finds the action of a key press and does it. Gives the keyboard's layout, for the help. */
export function useKeys(targets: Targets): Layout {
  const [layout, setLayout] = useState<Layout>('qwerty');
  const acts = useActs(targets);
  const latest = useRef(acts);
  latest.current = acts;
  const { preferences } = useServices();
  useEffect(() => {
    void detectLayout(navigator.languages).then(setLayout);
  }, []);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      const { shortcuts, bindings: own } = preferences.value.get();
      const action = actionOf(chordOf(event, layout), bindingsFor(layout, own));
      // Escape and Up work without shortcuts: the one is how things close, the other is the box's own.
      if (!action || action === 'editLast' || (!shortcuts && action !== 'stop')) return;
      if (action === 'stop' && document.querySelector('.overlay, [data-trigger]')) return;
      if (latest.current[action]() !== false) event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [layout, preferences]);
  return layout;
}

/** What each action does; false when there was nothing to do, so that the key keeps its own meaning. */
function useActs(targets: Targets): Record<Action, () => unknown> {
  const say = useSay();
  const { chat, list, announcer } = useServices();
  const { conversationId: id, inputRef } = targets;
  const lastAnswer = () => {
    const state = id === undefined ? undefined : chat.conversation(id);
    return state && pathTo(state.nodes, state.leafId).findLast((node) => node.role === 'assistant');
  };
  const copy = (text: string | undefined) => {
    if (!text) return false;
    return copyText(text).then((done) => announcer.say(say(done ? 'copied' : 'copy.failed')));
  };
  return {
    new: () => {
      go({ page: 'new' });
      requestAnimationFrame(() => inputRef.current?.focus());
    },
    search: targets.onSearch,
    sidebar: targets.onSidebar,
    focus: () => inputRef.current?.focus(),
    stop: () => {
      const running = id === undefined ? undefined : [...(chat.conversation(id)?.live.keys() ?? [])].at(-1);
      if (id === undefined || running === undefined) return false;
      return chat
        .stop(id, running)
        .catch((error: unknown) => announcer.say(problemWords(say, toProblemBody(error)).what));
    },
    editLast,
    copyAnswer: () => copy(lastAnswer()?.content),
    copyCode: () => copy([...document.querySelectorAll('.code pre')].at(-1)?.textContent ?? undefined),
    models: targets.onModels,
    previous: () => moveTo(-1),
    next: () => moveTo(1),
    deleteConversation: () => {
      if (id === undefined) return false;
      targets.onShowSide();
      list.askToRemove(id);
    },
    settings: targets.onSettings,
    help: targets.onHelp,
  };
}

/** Moves the focus from message to message. */
function moveTo(step: 1 | -1): boolean {
  const messages = [...document.querySelectorAll<HTMLElement>('.message')];
  if (messages.length === 0) return false;
  const at = messages.findIndex((message) => message.contains(document.activeElement));
  const target = at < 0 ? (step < 0 ? messages.length - 1 : 0) : at + step;
  const message = messages[Math.max(0, Math.min(messages.length - 1, target))];
  message?.focus();
  message?.scrollIntoView({ block: 'nearest' });
  return true;
}
