import type { ProblemBody } from '../api/wire.ts';
import type { DeniedFacts, Label, LabelSource } from '../api/wire-policy.ts';
import { Icon } from '../ui/icon.tsx';
import { LabelBadge } from '../ui/label-badge.tsx';
import { useSay, useServices } from '../ui/services.ts';
import { reasonWords, sourceWords } from './choice-words.ts';
import type { Chosen } from './use-chosen-model.ts';

/** A question that policy kept in: its label, what raised it, which rule, and the nearest place that may answer. */
export function DenialNote({
  problem,
  alert,
  onAsk,
}: {
  readonly problem: ProblemBody;
  readonly alert: boolean;
  readonly onAsk: (model: string) => void;
}) {
  const say = useSay();
  const { models } = useServices();
  const facts = (problem.facts ?? {}) as DeniedFacts;
  const label: Label | undefined = facts.level && {
    level: facts.level,
    mentions: facts.mentions ?? [],
    compartments: facts.compartments ?? [],
  };
  const sources = (facts.sources ?? []) as readonly (string | LabelSource)[];
  const { nearestModel } = facts;
  return (
    <div className="denial" role={alert ? 'alert' : undefined}>
      <p className="denial-what">
        <span className="wall-tick" aria-hidden="true" />
        {say('deny.title')}
      </p>
      <p>{reasonWords(say, facts.reason ?? '', problem.message)}</p>
      <dl>
        {label ? (
          <div>
            <dt>{say('deny.label')}</dt>
            <dd>
              <LabelBadge label={label} />
            </dd>
          </div>
        ) : null}
        {sources.length > 0 ? (
          <div>
            <dt>{say('deny.from')}</dt>
            <dd>{sources.map((source) => sourceWords(say, source)).join(', ')}</dd>
          </div>
        ) : null}
        {facts.rules && facts.rules.length > 0 ? (
          <div>
            <dt>{say('deny.rules')}</dt>
            <dd className="mono">{facts.rules.join(', ')}</dd>
          </div>
        ) : null}
        {facts.nearest ? (
          <div>
            <dt>{say('deny.nearest')}</dt>
            <dd>{facts.nearest === 'embedded' ? say('label.this.machine') : facts.nearest}</dd>
          </div>
        ) : null}
      </dl>
      {nearestModel ? (
        <button type="button" className="button" onClick={() => onAsk(nearestModel)}>
          <Icon name="again" />
          {say('deny.ask', { model: models.find(nearestModel)?.title ?? nearestModel })}
        </button>
      ) : (
        <p>{say('deny.none')}</p>
      )}
    </div>
  );
}

/** Says before sending that the chosen model may not receive the question, and offers the nearest that may. */
export function DeniedBefore({ chosen, onTake }: { readonly chosen: Chosen; readonly onTake: (id: string) => void }) {
  const say = useSay();
  const { denied, model, label, nearest } = chosen;
  if (!denied || !model || !label) return null;
  return (
    <div className="denial" role="status">
      <p className="denial-what">
        <span className="wall-tick" aria-hidden="true" />
        {say('deny.before', { model: model.title, label: label.level })}
      </p>
      <p>{reasonWords(say, denied.reason, denied.words)}</p>
      {nearest ? (
        <button type="button" className="button" onClick={() => onTake(nearest.id)}>
          {say('deny.take', { model: nearest.title })}
        </button>
      ) : (
        <p>{say('deny.none')}</p>
      )}
    </div>
  );
}
