import { useEffect } from 'react';
import { type Choice, type Label, type Level, levels } from '../api/wire-policy.ts';
import { currentChoices, type LabelView, labelOf } from '../store/label-store.ts';
import type { TextKey } from '../text/i18n.ts';
import { i18n } from '../text/i18n.ts';
import { joined, rank, sameLabel } from '../text/label.ts';
import { LevelShape } from '../ui/label-badge.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { placeWords, reasonWords, sourceWords } from './choice-words.ts';
import { LowerLabel } from './lower-label.tsx';

const plain: Label = { level: 'PUBLIC', mentions: [], compartments: [] };

interface Props {
  readonly conversationId: string | undefined;
  readonly view: LabelView;
  readonly onDone: () => void;
}

/** Raises the label of the next question, says what raised it so far, what may receive it, and asks for a lower one. */
export function LabelMenu({ conversationId, view, onDone }: Props) {
  const say = useSay();
  const { labels } = useServices();
  const info = useObservable(labels.state, (state) => state.info);
  useEffect(() => {
    // Without it the levels that the page knows are offered.
    labels.readInfo().catch(() => undefined);
  }, [labels]);
  const floor = view.floor ?? info?.default ?? plain;
  const label = labelOf({ ...view, floor }) ?? floor;
  const choices = currentChoices(view);
  const raise = (change: Partial<Label>) => {
    const wanted = joined(floor, { ...label, ...change });
    void labels.raise(conversationId, sameLabel(wanted, floor) ? undefined : wanted);
  };
  const toggled = (all: readonly string[], one: string): readonly string[] =>
    all.includes(one) ? all.filter((other) => other !== one) : [...all, one].sort();
  const mentions = [...new Set([...(info?.mentions ?? []), ...label.mentions])];
  const compartments = [...new Set([...(info?.compartments ?? []), ...label.compartments])];
  return (
    <>
      <p className="faint">{say('label.intro')}</p>
      <fieldset className="label-levels">
        <legend>{say('label.level')}</legend>
        {(info?.levels ?? levels)
          .filter((level) => level !== 'SECRET')
          .map((level) => (
            <LevelOption
              key={level}
              level={level}
              checked={label.level === level}
              below={rank(level) < rank(floor.level)}
              onPick={() => raise({ level })}
            />
          ))}
      </fieldset>
      {mentions.length > 0 ? (
        <fieldset className="label-checks">
          <legend>{say('label.mentions')}</legend>
          {mentions.map((name) => (
            <Check
              key={name}
              name={name}
              help={`mention.${name}` in i18n.messages ? say(`mention.${name}` as TextKey) : undefined}
              checked={label.mentions.includes(name)}
              fixed={floor.mentions.includes(name)}
              onToggle={() => raise({ mentions: toggled(label.mentions, name) })}
            />
          ))}
        </fieldset>
      ) : null}
      {compartments.length > 0 ? (
        <fieldset className="label-checks">
          <legend>{say('label.compartments')}</legend>
          {compartments.map((name) => (
            <Check
              key={name}
              name={name}
              checked={label.compartments.includes(name)}
              fixed={floor.compartments.includes(name)}
              onToggle={() => raise({ compartments: toggled(label.compartments, name) })}
            />
          ))}
        </fieldset>
      ) : null}
      {view.raised ? (
        <p className="label-raised">
          {say('label.at.send')}{' '}
          <button type="button" className="link" onClick={() => void labels.raise(conversationId, undefined)}>
            {say('label.undo')}
          </button>
        </p>
      ) : null}
      {choices ? <MayReceive choices={choices.choices} /> : null}
      {choices && choices.sources.length > 0 ? (
        <section className="label-part">
          <h3>{say('label.from')}</h3>
          <ul>
            {choices.sources.map((source) => (
              <li key={`${source.kind} ${source.id} ${source.label.level}`}>
                <span className="mono">{source.label.level}</span> {sourceWords(say, source)}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {conversationId ? <LowerLabel conversationId={conversationId} from={floor} onDone={onDone} /> : null}
    </>
  );
}

function LevelOption(props: {
  readonly level: Level;
  readonly checked: boolean;
  readonly below: boolean;
  readonly onPick: () => void;
}) {
  const { level, checked, below, onPick } = props;
  const say = useSay();
  return (
    <label className="level-option" data-level={level} data-below={below || undefined}>
      <input type="radio" name="level" checked={checked} disabled={below} onChange={onPick} />
      <LevelShape level={level} />
      <span>
        <span className="level-name">{level}</span>{' '}
        <span className="faint">{say(below ? 'label.below' : (`level.${level}` as TextKey))}</span>
      </span>
    </label>
  );
}

function Check(props: {
  readonly name: string;
  readonly help?: string | undefined;
  readonly checked: boolean;
  readonly fixed: boolean;
  readonly onToggle: () => void;
}) {
  const { name, help, checked, fixed, onToggle } = props;
  return (
    <label className="check">
      <input type="checkbox" checked={checked} disabled={fixed} onChange={onToggle} />
      <span>
        <span className="mono">{name}</span> {help ? <span className="faint">{help}</span> : null}
      </span>
    </label>
  );
}

function MayReceive({ choices }: { readonly choices: readonly Choice[] }) {
  const say = useSay();
  const format = useFormat();
  const places = [...new Map(choices.map((choice) => [choice.destinationId, choice])).values()];
  return (
    <section className="label-part">
      <h3>{say('label.may')}</h3>
      <ul>
        {places.map((place) => (
          <li key={place.destinationId} className="may" data-effect={place.effect}>
            <span className="wall-tick" aria-hidden="true" />
            <span>
              {place.destinationTitle}{' '}
              <span className="faint">
                {placeWords(say, format, place)}
                {place.masked ? ` : ${say('label.masked')}` : ''}
                {place.effect === 'deny' ? ` : ${reasonWords(say, place.reason, place.words)}` : ''}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
