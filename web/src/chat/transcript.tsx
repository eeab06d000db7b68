import { useEffect, useMemo, useRef } from 'react';
import type { ConversationState } from '../store/conversation-state.ts';
import { childrenByParent, pathTo, siblingsOf } from '../store/tree.ts';
import { Icon } from '../ui/icon.tsx';
import { useSay } from '../ui/services.ts';
import { Answer } from './answer.tsx';
import { Question } from './question.tsx';
import { useStickToEnd } from './use-stick-to-end.ts';

const nearAtFirst = 6;

/** The branch in view. A log that is silent for screen readers: the page's status line speaks at boundaries. */
export function Transcript({
  conversation,
  model,
  onPick,
  onReceipt,
}: {
  readonly conversation: ConversationState;
  readonly model: string | undefined;
  readonly onPick: (model: string) => void;
  readonly onReceipt: (messageId: string) => void;
}) {
  const say = useSay();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { away, toEnd } = useStickToEnd(scroller, content, conversation.id);
  const { nodes, leafId } = conversation;
  const asked = conversation.live.size > 0;
  // Whoever asks wants to read what comes.
  useEffect(() => {
    if (asked) toEnd();
  }, [asked, toEnd]);
  const path = useMemo(() => pathTo(nodes, leafId), [nodes, leafId]);
  const children = useMemo(() => childrenByParent(nodes), [nodes]);
  const last = path.length - 1;
  let [questions, answers] = [0, 0];
  return (
    <div className="transcript">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section className="scroller" ref={scroller} tabIndex={0} aria-label={say('transcript.region')}>
        <div
          className="column"
          ref={content}
          role="log"
          aria-live="off"
          aria-busy={conversation.live.size > 0}
          aria-label={say('transcript.label')}
        >
          {path.map((node, at) => {
            const siblings = siblingsOf(children, node);
            const shared = { node, siblings, conversationId: conversation.id, near: last - at < nearAtFirst, model };
            if (node.role === 'user') {
              questions += 1;
              return <Question key={node.key} {...shared} position={questions} />;
            }
            answers += 1;
            return (
              <Answer key={node.key} {...shared} {...{ onPick, onReceipt }} position={answers} last={at === last} />
            );
          })}
        </div>
      </section>
      {away ? (
        <button type="button" className="button to-end" onClick={toEnd}>
          <Icon name="down" />
          {say('transcript.end')}
        </button>
      ) : null}
    </div>
  );
}
