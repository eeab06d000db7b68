import { type RefObject, useEffect, useMemo, useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';
import { pathTo } from '../store/tree.ts';
import { ProblemNote, problemWords } from '../ui/problem-note.tsx';
import { go } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { placeWords } from './choice-words.ts';
import { Composer } from './composer.tsx';
import { ContextGauge, ContextWarning } from './context-gauge.tsx';
import { contextUse } from './context-use.ts';
import { DeniedBefore } from './denial-note.tsx';
import { draftOf, keepDraft } from './drafts.ts';
import { LabelStrip } from './label-strip.tsx';
import { ModelPicker } from './model-picker.tsx';
import { Transcript } from './transcript.tsx';
import { type Chosen, useChosenModel } from './use-chosen-model.ts';
import { Welcome } from './welcome.tsx';

interface Props {
  /** Undefined for a conversation that has not begun. */
  readonly id: string | undefined;
  readonly inputRef: RefObject<HTMLTextAreaElement | null>;
  readonly picking: boolean;
  readonly onPicking: (open: boolean) => void;
  readonly onReceipt: (messageId: string) => void;
}

/** One conversation: its branch in view, and the box at its foot. */
export function ChatPage({ id, inputRef, picking, onPicking, onReceipt }: Props) {
  const say = useSay();
  const { chat, list, labels, models, announcer, client } = useServices();
  const conversation = useObservable(chat.state, (all) => (id === undefined ? undefined : all.get(id)));
  const [draft, setDraft] = useState(() => draftOf(id ?? 'new'));
  const [problem, setProblem] = useState<ProblemBody>();
  const chosen = useChosenModel(id);
  const { model } = chosen;
  useEffect(() => {
    setDraft(draftOf(id ?? 'new'));
    setProblem(undefined);
    if (id !== undefined) void chat.open(id);
  }, [id, chat]);
  const write = (text: string) => {
    setDraft(text);
    keepDraft(id ?? 'new', text);
  };
  const path = useMemo(() => pathTo(conversation?.nodes ?? new Map(), conversation?.leafId), [conversation]);
  const running = [...(conversation?.live ?? [])].at(-1);
  const send = async (text: string) => {
    const content = text.trim();
    // Policy already said no: the notice above the box says why, and what may answer.
    if (!content || chosen.denied) return;
    write('');
    setProblem(undefined);
    try {
      const at = id ?? (await begin());
      const parentId = chat.conversation(at)?.leafId ?? null;
      await chat.ask(at, { parentId, content, model: model?.id, label: labels.view(at).raised });
    } catch (error) {
      setProblem(toProblemBody(error));
      write(content);
    }
  };
  const begin = async (): Promise<string> => {
    const made = await client.createConversation(model ? { model: model.id } : {});
    chat.adopt(made.id);
    labels.adopt(made.id);
    list.put(made);
    go({ page: 'conversation', id: made.id }, { replace: true });
    return made.id;
  };
  const stop = running
    ? () => {
        chat
          .stop(id ?? '', running[0])
          .catch((error: unknown) => announcer.say(problemWords(say, toProblemBody(error)).what));
      }
    : undefined;
  const empty = id === undefined || (conversation?.loaded === 'yes' && path.length === 0);
  return (
    <div className="chat">
      {empty ? (
        <div className="transcript">
          <div className="scroller">
            <Welcome chosen={chosen} onAsk={(text) => void send(text)} />
          </div>
        </div>
      ) : conversation?.loaded === 'failed' && conversation.problem ? (
        <div className="transcript">
          <div className="column">
            <ProblemNote problem={conversation.problem}>
              <button type="button" className="button" onClick={() => void chat.reload(id)}>
                {say('retry')}
              </button>
            </ProblemNote>
          </div>
        </div>
      ) : conversation?.loaded === 'yes' ? (
        <Transcript conversation={conversation} model={model?.id} onPick={chosen.pick} onReceipt={onReceipt} />
      ) : (
        <div className="transcript">
          <p className="waiting column">{say('wait.conversation')}</p>
        </div>
      )}
      <Foot
        {...{ id, draft, chosen, picking, onPicking, inputRef, stop, path }}
        onRefresh={() => {
          void models.refresh();
          void labels.read(id);
        }}
        live={running?.[1]}
        problem={problem}
        onDraft={write}
        onSend={() => void send(draft)}
      />
    </div>
  );
}

type FootProps = Pick<Props, 'id' | 'inputRef' | 'picking' | 'onPicking'> & {
  readonly chosen: Chosen;
  readonly draft: string;
  readonly path: ReturnType<typeof pathTo>;
  readonly live: Parameters<typeof contextUse>[0]['live'];
  readonly stop: (() => void) | undefined;
  readonly problem: ProblemBody | undefined;
  readonly onDraft: (text: string) => void;
  readonly onSend: () => void;
  readonly onRefresh: () => void;
};

function Foot(props: FootProps) {
  const { id, inputRef, draft, path, live, chosen, picking, onPicking, stop, problem, onDraft, onSend } = props;
  const say = useSay();
  const model = chosen.model?.installed;
  // The refusal that stands in the conversation says it already.
  const said = path.at(-1)?.error?.code === 'destination_denied';
  const use = contextUse({
    path,
    live,
    draft,
    modelContextTokens: model?.runtime?.contextTokens || model?.contextTokens,
  });
  return (
    <div className="foot">
      {problem ? <ProblemNote problem={problem} /> : null}
      {use ? <ContextWarning use={use} /> : null}
      {said && draft === '' ? null : <DeniedBefore chosen={chosen} onTake={chosen.pick} />}
      <Composer
        inputRef={inputRef}
        draft={draft}
        onDraft={onDraft}
        onSend={onSend}
        onEditLast={editLast}
        onStop={stop}
        disabled={chosen.model === undefined || chosen.denied !== undefined}
        head={<LabelStrip conversationId={id} />}
      >
        <ModelPicker chosen={chosen} open={picking} onOpen={onPicking} onRefresh={props.onRefresh} />
        <ModelNow chosen={chosen} />
        <span className="spring" />
        {use ? <ContextGauge use={use} /> : null}
      </Composer>
      <p className="fine">{say('fine')}</p>
    </div>
  );
}

/** The chosen model's size, or the place where it computes. */
function ModelNow({ chosen }: { readonly chosen: Chosen }) {
  const say = useSay();
  const format = useFormat();
  const { installed, choice } = chosen.model ?? {};
  if (installed)
    return (
      <span className="picker-now mono">
        {format.parameters(installed.parameterCount)} · {installed.quantization}
        {installed.tuned?.enabled ? ` · ${say('tuned')}` : ''}
      </span>
    );
  return choice ? (
    <span className="picker-now picker-place">
      {choice.destinationTitle} · {placeWords(say, format, choice)}
    </span>
  ) : null;
}

/** Presses the last question's own edit button: one way in, for keyboard and pointer. */
export function editLast(): void {
  const buttons = document.querySelectorAll<HTMLButtonElement>('.question [data-act="edit"]');
  buttons.item(buttons.length - 1)?.click();
}
