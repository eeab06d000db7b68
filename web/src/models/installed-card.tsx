import { useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { InstalledModel, ProblemBody } from '../api/wire.ts';
import { canChat } from '../chat/can-chat.ts';
import { runtimeWords } from '../chat/runtime-words.ts';
import type { TextKey } from '../text/i18n.ts';
import { ProblemNote } from '../ui/problem-note.tsx';
import { go } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { takeFocus } from '../ui/take-focus.ts';
import { useObservable } from '../ui/use-observable.ts';
import { TaskNote } from './task-note.tsx';

/** A model on this disk: what it is, where it stands, what can be done with it. */
export function InstalledCard({ model }: { readonly model: InstalledModel }) {
  const say = useSay();
  const format = useFormat();
  const { models } = useServices();
  const tasks = useObservable(models.state, (state) => state.tasks);
  const own = [...tasks].filter(([, task]) => task.kind !== 'pull' && task.reference === model.id);
  const { runtime, tuned } = model;
  return (
    <li className="card" aria-label={model.title}>
      <header>
        <h3>{model.title}</h3>
        <span className="tier">{say('tier.embedded')}</span>
        <span className="state" data-state={runtime?.state ?? 'idle'}>
          {runtimeWords(say, format, runtime)}
        </span>
      </header>
      <dl className="facts">
        <Fact name={say('fact.id')} value={model.id} />
        <Fact name={say('fact.parameters')} value={format.parameters(model.parameterCount)} />
        <Fact name={say('fact.quantization')} value={model.quantization} />
        <Fact name={say('fact.size')} value={format.bytes(model.sizeBytes)} />
        <Fact name={say('fact.context')} value={say('tokens', { count: model.contextTokens })} />
        <Fact name={say('fact.licence')} value={model.licence ?? say('unknown')} />
        <Fact name={say('fact.languages')} value={model.languages.join(', ') || say('unknown')} />
        {runtime?.state === 'ready' ? (
          <Fact name={say('fact.memory')} value={format.bytes(runtime.residentBytes)} />
        ) : null}
      </dl>
      <p className="faint">
        {model.capabilities.map((one) => capability(say, one)).join(' · ')} · {say('fact.origin')} {model.origin.detail}
      </p>
      {tuned ? <Tuned tuned={tuned} /> : null}
      {own.map(([key, task]) => (
        <TaskNote key={key} id={key} task={task} />
      ))}
      <CardActs model={model} busy={own.some(([, task]) => !task.done)} />
    </li>
  );
}

function capability(say: ReturnType<typeof useSay>, name: string): string {
  const known = ['chat', 'completion', 'embedding', 'thinking', 'tools', 'vision'];
  return known.includes(name) ? say(`capability.${name}` as TextKey) : name;
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="mono">{value}</dd>
    </div>
  );
}

function Tuned({ tuned }: { readonly tuned: NonNullable<InstalledModel['tuned']> }) {
  const say = useSay();
  const format = useFormat();
  return (
    <p className="tuned-note">
      <span className="tuned">{say('tuned')}</span>{' '}
      {say('tuned.note', {
        quantization: tuned.quantization,
        prefill: format.decimal(tuned.prefillTokensPerSecond / tuned.original.prefillTokensPerSecond),
        decode: format.decimal(tuned.decodeTokensPerSecond / tuned.original.decodeTokensPerSecond),
        same: format.percent(tuned.sameTopToken),
      })}
    </p>
  );
}

function CardActs({ model, busy }: { readonly model: InstalledModel; readonly busy: boolean }) {
  const say = useSay();
  const { models, preferences, announcer } = useServices();
  const [problem, setProblem] = useState<ProblemBody>();
  const [asking, setAsking] = useState(false);
  const attempt = (work: Promise<void>, done: TextKey) => {
    setProblem(undefined);
    work.then(
      () => announcer.say(say(done)),
      (error: unknown) => setProblem(toProblemBody(error)),
    );
  };
  const inMemory = model.runtime && model.runtime.state !== 'failed';
  return (
    <>
      {problem ? <ProblemNote problem={problem} /> : null}
      <div className="card-acts">
        {canChat(model) ? (
          <button
            type="button"
            className="button button-strong"
            onClick={() => {
              preferences.change({ model: model.id });
              go({ page: 'new' });
            }}
          >
            {say('models.use')}
          </button>
        ) : null}
        {inMemory ? (
          <button
            type="button"
            className="button"
            disabled={model.runtime?.state !== 'ready'}
            onClick={() => attempt(models.unload(model.id), 'models.unloaded')}
          >
            {say('models.unload')}
          </button>
        ) : (
          <button type="button" className="button" disabled={busy} onClick={() => void models.load(model.id)}>
            {say('models.load')}
          </button>
        )}
        {model.tuned || !canChat(model) ? null : (
          <button type="button" className="button" disabled={busy} onClick={() => void models.optimize(model.id)}>
            {say('models.optimize')}
          </button>
        )}
        {asking ? (
          <span className="ask-delete">
            {say('models.remove.question')}
            <button
              type="button"
              className="button button-danger"
              onClick={() => attempt(models.remove(model.id), 'deleted')}
            >
              {say('models.remove')}
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)} ref={takeFocus}>
              {say('keep')}
            </button>
          </span>
        ) : (
          <button type="button" className="button" onClick={() => setAsking(true)}>
            {say('models.remove')}
          </button>
        )}
      </div>
    </>
  );
}
