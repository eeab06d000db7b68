import type { TextKey } from '../text/i18n.ts';
import { Bar } from '../ui/bar.tsx';
import { Mark } from '../ui/icon.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { hashOf } from '../ui/route.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { placeWords } from './choice-words.ts';
import type { Chosen } from './use-chosen-model.ts';

const suggestions: readonly TextKey[] = ['suggest.1', 'suggest.2', 'suggest.3'];

/** An empty conversation: what this place is, and one useful thing to do now. */
export function Welcome({ chosen, onAsk }: { readonly chosen: Chosen; readonly onAsk: (text: string) => void }) {
  const say = useSay();
  const format = useFormat();
  const { models } = useServices();
  const { status, loaded, problem } = useObservable(models.state);
  const ready = chosen.options.length > 0;
  const away = chosen.model?.choice && chosen.model.choice.tier !== 'embedded' ? chosen.model.choice : undefined;
  return (
    <div className="welcome">
      <div className="welcome-mark">
        <Mark />
      </div>
      <h2>{say(away ? 'welcome.away' : 'welcome.title')}</h2>
      <p>
        {away
          ? say('welcome.away.text', { place: away.destinationTitle, where: placeWords(say, format, away) })
          : say('welcome.text')}
      </p>
      {problem ? (
        <ProblemNote problem={problem}>
          <button type="button" className="button" onClick={() => void models.refresh()}>
            {say('retry')}
          </button>
        </ProblemNote>
      ) : !loaded ? (
        <p className="waiting">{say('wait.page')}</p>
      ) : ready ? (
        <ul className="suggestions" aria-label={say('suggest.label')}>
          {suggestions.map((key) => (
            <li key={key}>
              <button type="button" className="suggestion" onClick={() => onAsk(say(key))}>
                {say(key)}
              </button>
            </li>
          ))}
        </ul>
      ) : status?.setup.state === 'working' ? (
        <SetupProgress words={status.setup.words ?? undefined} progress={status.setup.progress ?? undefined} />
      ) : (
        <div className="setup">
          <p>{status?.setup.state === 'failed' ? say('setup.failed') : say('setup.none')}</p>
          {status?.setup.words ? <p className="mono faint">{status.setup.words}</p> : null}
          <a className="button button-strong" href={hashOf({ page: 'models' })}>
            {say('setup.choose')}
          </a>
        </div>
      )}
    </div>
  );
}

function SetupProgress({
  words,
  progress,
}: {
  readonly words?: string | undefined;
  readonly progress?: number | undefined;
}) {
  const say = useSay();
  const format = useFormat();
  const title =
    progress === undefined ? say('setup.working') : say('setup.working.at', { percent: format.percent(progress) });
  return (
    <div className="setup">
      <p>{title}</p>
      <Bar share={progress} label={title} />
      {words ? <p className="mono faint">{words}</p> : null}
    </div>
  );
}
