import { useState } from 'react';
import type { PolicyCheck, PolicyFile, PolicyInForce, Simulation } from '../api/wire-house.ts';
import { reasonWords } from '../chat/choice-words.ts';
import { AreaField, SelectField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import type { TextKey } from '../text/i18n.ts';
import { DataTable } from '../ui/data-table.tsx';
import { LabelBadge } from '../ui/label-badge.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';
import { useRead } from '../ui/use-read.ts';
import { ListHead } from './detail.tsx';
import { useHouse } from './house-client.ts';
import { Proposals } from './proposals.tsx';
import { useNames } from './use-names.ts';

/** The policy in force, how it would change, and the changes that wait for a second person. */
export default function PolicySection() {
  const say = useSay();
  const format = useFormat();
  const house = useHouse();
  const { session } = useServices();
  const rights = useObservable(session.state, (state) => state.session?.who?.rights) ?? [];
  const policy = useRead('policy', house.policy);
  const [proposed, setProposed] = useState(0);
  const mayRead = ['admin.policy', 'policy.approve', 'audit.read'].some((right) => rights.includes(right));
  return (
    <>
      <ListHead title={say('section.policy')} lead={say('policy.lead')} />
      <Proposals key={proposed} onDecided={policy.again} />
      {mayRead ? (
        <ReadState reading={policy}>
          {(now) => (
            <>
              <section aria-labelledby="in-force">
                <h3 id="in-force">{say('policy.in.force')}</h3>
                {now.state !== 'in-force' ? (
                  <div className="problem" role="alert">
                    <div>
                      <p className="problem-what">
                        {say(now.state === 'unavailable' ? 'policy.unavailable' : 'policy.previous')}
                      </p>
                      <p className="mono" lang="en">
                        {now.problem}
                      </p>
                    </div>
                  </div>
                ) : null}
                <dl className="facts facts-wide">
                  <div>
                    <dt>{say('policy.version')}</dt>
                    <dd className="mono" title={now.version}>
                      {now.version.slice(0, 12)}
                    </dd>
                  </div>
                  <div>
                    <dt>{say('policy.since')}</dt>
                    <dd>{now.since === null ? say('policy.shipped') : format.dateTime(now.since)}</dd>
                  </div>
                </dl>
              </section>
              <PolicyEditor
                key={now.version}
                policy={now}
                mayPropose={rights.includes('admin.policy')}
                onProposed={() => setProposed(proposed + 1)}
              />
            </>
          )}
        </ReadState>
      ) : null}
    </>
  );
}

/** Edit, check, see what the past would have been, then propose: in this order, each step with its result. */
function PolicyEditor({
  policy,
  mayPropose,
  onProposed,
}: {
  readonly policy: PolicyInForce;
  readonly mayPropose: boolean;
  readonly onProposed: () => void;
}) {
  const say = useSay();
  const house = useHouse();
  const save = useSave();
  const [files, setFiles] = useState<readonly PolicyFile[]>(policy.files);
  const [check, setCheck] = useState<PolicyCheck>();
  const [simulation, setSimulation] = useState<Simulation>();
  const [days, setDays] = useState('30');
  const [reason, setReason] = useState('');
  const [open, setOpen] = useState(policy.files[0]?.name ?? '');
  const changed = files.filter(({ text }, at) => text !== policy.files[at]?.text);
  const shown = files.find(({ name }) => name === open);
  const write = (text: string) => {
    setFiles(files.map((file) => (file.name === open ? { ...file, text } : file)));
    setCheck(undefined);
    setSimulation(undefined);
  };
  const propose = () =>
    save.run(async () => {
      await house.proposePolicy(files, reason.trim());
      setReason('');
      onProposed();
    }, 'policy.proposed');
  return (
    <section aria-labelledby="policy-files">
      <h3 id="policy-files">{say('policy.files')}</h3>
      <p className="faint">{say('policy.files.help')}</p>
      <fieldset className="file-tabs">
        <legend className="visually-hidden">{say('policy.file')}</legend>
        {files.map(({ name }) => (
          <button
            key={name}
            type="button"
            className="file-tab"
            aria-pressed={name === open}
            onClick={() => setOpen(name)}
          >
            {name}
            {changed.some((file) => file.name === name) ? ` · ${say('policy.changed')}` : ''}
          </button>
        ))}
      </fieldset>
      {shown ? (
        <textarea
          className="field mono policy-text"
          aria-label={say('policy.text', { file: shown.name })}
          value={shown.text}
          rows={18}
          spellCheck={false}
          readOnly={!mayPropose}
          onChange={(event) => write(event.target.value)}
        />
      ) : null}
      {mayPropose ? (
        <>
          <div className="filters">
            <button
              type="button"
              className="button"
              disabled={save.working}
              onClick={() => void save.run(async () => setCheck(await house.checkPolicy(files)), 'policy.checked')}
            >
              {say('policy.check')}
            </button>
            <SelectField
              label={say('policy.days')}
              value={days}
              options={['7', '30', '90'].map((one) => [one, say('usage.days', { count: Number(one) })])}
              onValue={setDays}
            />
            <button
              type="button"
              className="button"
              disabled={save.working}
              onClick={() =>
                void save.run(
                  async () => setSimulation(await house.simulatePolicy(files, Number(days))),
                  'policy.simulated',
                )
              }
            >
              {say('policy.simulate')}
            </button>
          </div>
          {save.problem ? <ProblemNote problem={save.problem} /> : null}
          {check ? <CheckResult check={check} /> : null}
          {simulation ? <SimulationResult simulation={simulation} /> : null}
          <AreaField
            label={say('policy.reason')}
            help={say('policy.reason.help')}
            rows={2}
            value={reason}
            onValue={setReason}
          />
          <div className="row-acts">
            <button
              type="button"
              className="button button-strong"
              disabled={save.working || changed.length === 0 || !reason.trim() || check?.ok === false}
              onClick={() => void propose()}
            >
              {say('policy.propose')}
            </button>
            {changed.length > 0 ? (
              <button type="button" className="button" onClick={() => setFiles(policy.files)}>
                {say('policy.undo')}
              </button>
            ) : null}
          </div>
        </>
      ) : null}
    </section>
  );
}

function CheckResult({ check }: { readonly check: PolicyCheck }) {
  const say = useSay();
  return (
    <div className="note" role="status" data-ok={check.ok || undefined}>
      <p>
        {say(check.ok ? 'policy.valid' : 'policy.invalid')}{' '}
        {say('policy.tests', { passed: check.tests.passed, failed: check.tests.failed })}
      </p>
      <ul>
        {check.problems.map(({ file, line, words }) => (
          <li key={`${file} ${line} ${words}`} className="mono" lang="en">
            {file}:{line} {words}
          </li>
        ))}
        {check.tests.failures.map((failure) => {
          const words = typeof failure === 'string' ? failure : JSON.stringify(failure);
          return (
            <li key={words} className="mono" lang="en">
              {words}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function SimulationResult({ simulation }: { readonly simulation: Simulation }) {
  const say = useSay();
  const nameOf = useNames();
  const format = useFormat();
  const { decisions, changes, changed, truncated } = simulation;
  return (
    <div role="status">
      <p className="note">
        {say('policy.replayed', { decisions, changed: changes })}
        {truncated ? ` ${say('policy.truncated')}` : ''}
      </p>
      {changed.length > 0 ? (
        <DataTable
          label={say('policy.simulate')}
          rows={changed}
          keyOf={({ seq }) => String(seq)}
          empty=""
          columns={[
            { title: say('decision.at'), cell: ({ at }) => <span className="moment">{format.moment(at)}</span> },
            { title: say('decision.actor'), cell: ({ actor }) => nameOf(actor) },
            { title: say('label.title'), cell: ({ label }) => <LabelBadge label={label} /> },
            {
              title: say('decision.place'),
              cell: ({ destinationId }) => <span className="mono">{destinationId}</span>,
            },
            {
              title: say('policy.before.after'),
              cell: ({ before, after }) => (
                <>
                  <Effect effect={before} /> → <Effect effect={after} />
                </>
              ),
            },
            { title: say('deny.why'), cell: (row) => reasonWords(say, row.reason) },
          ]}
        />
      ) : null}
    </div>
  );
}

export function Effect({ effect }: { readonly effect: string }) {
  const say = useSay();
  return (
    <span className="effect" data-effect={effect}>
      {say(`effect.${effect}` as TextKey)}
    </span>
  );
}
