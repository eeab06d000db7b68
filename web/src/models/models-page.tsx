import { useEffect, useState } from 'react';
import { ProblemNote } from '../ui/problem-note.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { Catalogue } from './catalogue.tsx';
import { InstalledCard } from './installed-card.tsx';
import { TaskNote } from './task-note.tsx';

/** The models of this machine, and those it could have. */
export function ModelsPage() {
  const say = useSay();
  const format = useFormat();
  const { models } = useServices();
  const { models: installed, status, catalogue, loaded, problem, tasks } = useObservable(models.state);
  useEffect(() => {
    void models.refresh();
    void models.refreshCatalogue();
    const timer = setInterval(() => void models.refresh(), 4000);
    return () => clearInterval(timer);
  }, [models]);
  const pulls = [...tasks].filter(([, task]) => task.kind === 'pull');
  return (
    <div className="page scroller">
      <div className="page-column">
        {status ? (
          <p className="machine mono">
            {status.machine.cpu} · {say('machine.cores', { cores: status.machine.cores })} ·{' '}
            {say('machine.memory', {
              free: format.bytes(status.machine.freeMemoryBytes),
              all: format.bytes(status.machine.memoryBytes),
            })}
          </p>
        ) : null}
        {problem ? (
          <ProblemNote problem={problem}>
            <button type="button" className="button" onClick={() => void models.refresh()}>
              {say('retry')}
            </button>
          </ProblemNote>
        ) : null}
        <section aria-labelledby="installed">
          <h2 id="installed">{say('models.installed')}</h2>
          {!loaded ? <p className="waiting">{say('wait.page')}</p> : null}
          {loaded && installed.length === 0 ? <p className="faint">{say('models.none')}</p> : null}
          <ul className="cards">
            {installed.map((model) => (
              <InstalledCard key={model.id} model={model} />
            ))}
          </ul>
        </section>
        <section aria-labelledby="get">
          <h2 id="get">{say('models.get')}</h2>
          <FetchForm />
          {pulls.map(([key, task]) => (
            <TaskNote key={key} id={key} task={task} />
          ))}
        </section>
        <section aria-labelledby="catalogue">
          <h2 id="catalogue">{say('models.catalogue')}</h2>
          {catalogue ? (
            <Catalogue entries={catalogue} />
          ) : problem ? null : (
            <p className="waiting">{say('wait.page')}</p>
          )}
        </section>
      </div>
    </div>
  );
}

function FetchForm() {
  const say = useSay();
  const { models } = useServices();
  const [reference, setReference] = useState('');
  return (
    <form
      className="fetch"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = reference.trim();
        if (!wanted) return;
        setReference('');
        void models.pull(wanted);
      }}
    >
      <label htmlFor="reference">{say('models.reference')}</label>
      <div className="fetch-row">
        <input
          id="reference"
          className="field mono"
          value={reference}
          placeholder="hf.co/owner/repository:Q4_K_M"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          onChange={(event) => setReference(event.target.value)}
        />
        <button type="submit" className="button button-strong" disabled={!reference.trim()}>
          {say('models.pull')}
        </button>
      </div>
      <p className="faint">{say('models.reference.help')}</p>
    </form>
  );
}
