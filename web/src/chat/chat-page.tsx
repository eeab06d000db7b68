import { type RefObject, useEffect, useMemo, useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';
import { pathTo } from '../store/tree.ts';
import { ProblemNote, problemWords } from '../ui/problem-note.tsx';
import { go } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { Composer } from './composer.tsx';
import { ContextGauge, ContextWarning } from './context-gauge.tsx';
import { contextUse } from './context-use.ts';
import { draftOf, keepDraft } from './drafts.ts';
import { ModelPicker } from './model-picker.tsx';
import { Transcript } from './transcript.tsx';
import { useChosenModel } from './use-chosen-model.ts';
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
  const { chat, list, announcer, client } = useServices();
  const conversation = useObservable(chat.state, (all) => (id === undefined ? undefined : all.get(id)));
  const [draft, setDraft] = useState(() => draftOf(id ?? 'new'));
  const [problem, setProblem] = useState<ProblemBody>();
  const { model, pick } = useChosenModel(id);
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
    if (!content) return;
    write('');
    setProblem(undefined);
    try {
      const at = id ?? (await begin());
      const parentId = chat.conversation(at)?.leafId ?? null;
      await chat.ask(at, { parentId, content, model: model?.id });
    } catch (error) {
      setProblem(toProblemBody(error));
      write(content);
    }
  };
  const begin = async (): Promise<string> => {
    const made = await client.createConversation(model ? { model: model.id } : {});
    chat.adopt(made.id);
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
            <Welcome onAsk={(text) => void send(text)} />
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
        <Transcript conversation={conversation} model={model?.id} onReceipt={onReceipt} />
      ) : (
        <div className="transcript">
          <p className="waiting column">{say('wait.conversation')}</p>
        </div>
      )}
      <Foot
        {...{ draft, model, pick, picking, onPicking, inputRef, stop, path }}
        live={running?.[1]}
        problem={problem}
        onDraft={write}
        onSend={() => void send(draft)}
      />
    </div>
  );
}

type FootProps = Pick<Props, 'inputRef' | 'picking' | 'onPicking'> &
  ReturnType<typeof useChosenModel> & {
    readonly draft: string;
    readonly path: ReturnType<typeof pathTo>;
    readonly live: Parameters<typeof contextUse>[0]['live'];
    readonly stop: (() => void) | undefined;
    readonly problem: ProblemBody | undefined;
    readonly onDraft: (text: string) => void;
    readonly onSend: () => void;
  };

function Foot({
  inputRef,
  draft,
  path,
  live,
  model,
  pick,
  picking,
  onPicking,
  stop,
  problem,
  onDraft,
  onSend,
}: FootProps) {
  const say = useSay();
  const format = useFormat();
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
      <Composer
        inputRef={inputRef}
        draft={draft}
        onDraft={onDraft}
        onSend={onSend}
        onEditLast={editLast}
        onStop={stop}
        disabled={model === undefined}
      >
        <ModelPicker model={model} onPick={pick} open={picking} onOpen={onPicking} />
        {model ? (
          <span className="picker-now mono">
            {format.parameters(model.parameterCount)} · {model.quantization}
            {model.tuned?.enabled ? ` · ${say('tuned')}` : ''}
          </span>
        ) : null}
        <span className="spring" />
        {use ? <ContextGauge use={use} /> : null}
      </Composer>
      <p className="fine">{say('fine')}</p>
    </div>
  );
}

/** Presses the last question's own edit button: one way in, for keyboard and pointer. */
export function editLast(): void {
  const buttons = document.querySelectorAll<HTMLButtonElement>('.question [data-act="edit"]');
  buttons.item(buttons.length - 1)?.click();
}
