import { lazy, memo, Suspense, useMemo, useRef } from 'react';
import type { LiveRun } from '../store/live-run.ts';
import type { ChatNode } from '../store/tree.ts';
import { detectLanguage } from '../text/detect-language.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { Branches } from './branches.tsx';
import { DeleteMessage } from './delete-message.tsx';
import { DenialNote } from './denial-note.tsx';
import { EndNote } from './end-note.tsx';
import { ProvenanceChip } from './provenance.tsx';
import type { MessageProps } from './question.tsx';
import { Thinking } from './thinking.tsx';
import { useNear } from './use-near.ts';
import { Waiting } from './waiting.tsx';

const AnswerText = lazy(() => import('../answer/answer-text.tsx'));

type Props = MessageProps & {
  readonly last: boolean;
  readonly onPick: (model: string) => void;
  readonly onReceipt: (messageId: string) => void;
};

/** An answer, whole or in the making, with the wall beside it that says where it was computed. */
export const Answer = memo(function Answer(props: Props) {
  const { node, position, conversationId } = props;
  const say = useSay();
  const { chat, models } = useServices();
  const run = useObservable(chat.state, (all) => all.get(conversationId)?.live.get(node.id));
  const article = useRef<HTMLElement>(null);
  const near = useNear(article, props.near) || run !== undefined;
  const content = run ? run.base + run.text : node.content;
  const modelId = node.provenance?.model ?? run?.model;
  const model = (modelId && models.find(modelId)?.title) || modelId || say('assistant');
  const language = useMemo(() => (run ? undefined : detectLanguage(node.content)), [run, node.content]);
  const label = say('answer.label', { position, model });
  const { provenance } = node;
  // The wall stands only where the record says so: no provenance, no claim.
  const routedTo = run?.routed?.tier ?? (run?.site === 'local' ? 'embedded' : undefined);
  const tier = run ? routedTo : provenance?.tier;
  const inside = tier === 'embedded' && (provenance?.bytesSent ?? 0) === 0;
  const outside = tier !== undefined && !inside;
  const fellBackFrom = run?.routed?.fellBackFrom ?? provenance?.fellBackFrom;
  return (
    <article
      className="message answer"
      ref={article}
      aria-label={label}
      aria-busy={run !== undefined}
      data-message={node.id}
      data-inside={inside || undefined}
      data-gate={outside || undefined}
      tabIndex={-1}
    >
      <h2 className="visually-hidden">{label}</h2>
      {fellBackFrom ? (
        <p className="fell-back">
          <Icon name="warning" />
          {say('fell.back', { asked: models.find(fellBackFrom)?.title ?? fellBackFrom, model })}
        </p>
      ) : null}
      <AnswerThinking node={node} run={run} />
      <div className="prose" lang={language} dir="auto">
        {near ? (
          <Suspense fallback={<p className="plain">{content}</p>}>
            <AnswerText text={content} streaming={run !== undefined} />
          </Suspense>
        ) : (
          <p className="plain">{content}</p>
        )}
      </div>
      {run ? (
        <>
          {run.phase.kind === 'writing' && !run.stopping && !run.reconnecting ? (
            <span className="caret" aria-hidden="true" />
          ) : null}
          <Waiting run={run} />
        </>
      ) : near ? (
        <AnswerFoot {...props} />
      ) : null}
    </article>
  );
});

function AnswerThinking({ node, run }: { readonly node: ChatNode; readonly run: LiveRun | undefined }) {
  const text = run?.thinking || node.thinking;
  if (!text) return null;
  return (
    <Thinking
      text={text}
      sinceMs={run?.phase.kind === 'thinking' ? run.phase.sinceMs : undefined}
      durationMs={run?.thinkingMs ?? node.thinkingMs ?? undefined}
    />
  );
}

function AnswerFoot(props: Props) {
  const { node, conversationId, onReceipt } = props;
  const say = useSay();
  const { chat, models } = useServices();
  const nearest = node.error?.facts?.nearestModel;
  const again = (model = props.model) => {
    if (!node.parentId) return;
    const question = chat.conversation(conversationId)?.nodes.get(node.parentId);
    // A question that never reached the server is asked anew; a stored one gets another answer.
    if (question?.id.startsWith('local:')) {
      void chat.deleteMessage(conversationId, question.id);
      void chat.ask(conversationId, { parentId: question.parentId ?? null, content: question.content, model });
    } else void chat.regenerate(conversationId, { messageId: node.parentId, model });
  };
  return (
    <>
      {node.status === 'failed' && node.error?.code === 'destination_denied' ? (
        <DenialNote
          problem={node.error}
          alert={props.last}
          onAsk={(model) => {
            props.onPick(model);
            again(model);
          }}
        />
      ) : node.status === 'failed' && node.error ? (
        <ProblemNote problem={node.error} alert={props.last}>
          <button type="button" className="button" onClick={() => again()}>
            <Icon name="again" />
            {say('retry')}
          </button>
          {typeof nearest === 'string' ? (
            <button
              type="button"
              className="button"
              onClick={() => {
                props.onPick(nearest);
                again(nearest);
              }}
            >
              {say('deny.ask', { model: models.find(nearest)?.title ?? nearest })}
            </button>
          ) : null}
        </ProblemNote>
      ) : (
        <EndNote node={node} conversationId={conversationId} />
      )}
      <div className="acts">
        {node.provenance ? <ProvenanceChip provenance={node.provenance} onOpen={() => onReceipt(node.id)} /> : null}
        <CopyButton text={() => node.content} label="copy" />
        <button type="button" className="act" title={say('regenerate')} onClick={() => again()}>
          <Icon name="again" />
          <span>{say('regenerate')}</span>
        </button>
        <Branches {...props} />
        <DeleteMessage conversationId={conversationId} node={node} />
        <Speed node={node} />
      </div>
    </>
  );
}

function Speed({ node }: { readonly node: ChatNode }) {
  const say = useSay();
  const format = useFormat();
  const { usage } = node;
  if (!usage || usage.completionTokens === 0) return null;
  return (
    <span className="mono faint speed" title={say('speed.help')}>
      {say('speed', {
        rate: format.decimal(usage.tokensPerSecond),
        first: format.duration(usage.timeToFirstTokenMs),
      })}
    </span>
  );
}
