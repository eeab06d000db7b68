import { useState } from 'react';
import { type AuditAnchor, type AuditRecord, type AuditState, auditKinds } from '../api/wire-evidence.ts';
import { SelectField, TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import { Standing } from '../proof/standing.tsx';
import { i18n, type Say, type TextKey } from '../text/i18n.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { hashOf } from '../ui/route.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import type { SectionProps } from './admin-page.tsx';
import { AuditExport } from './audit-export.tsx';
import { AuditOne } from './audit-one.tsx';
import { AuditVerify } from './audit-verify.tsx';
import { ListHead } from './detail.tsx';
import { useEvidence } from './evidence-client.ts';
import { useNames } from './use-names.ts';
import { usePages } from './use-pages.ts';

/** The record of all that was decided and done: its standing, its verification, its search, its exports. */
export default function AuditSection({ id }: SectionProps) {
  const say = useSay();
  const evidence = useEvidence();
  const state = useRead('audit', evidence.audit);
  return (
    <>
      <ListHead title={say('section.audit')} lead={say('audit.lead')} />
      {id === undefined ? null : <AuditOne key={id} seq={Number(id)} publicKey={state.value?.publicKey} />}
      <ReadState reading={state}>
        {(now) => (
          <>
            <State state={now} />
            <AuditVerify />
            <Anchors anchors={now.anchors} onAsked={state.again} />
          </>
        )}
      </ReadState>
      <Search open={id} />
      <AuditExport />
    </>
  );
}

function State({ state }: { readonly state: AuditState }) {
  const say = useSay();
  const format = useFormat();
  const { checkpoint, retention } = state;
  return (
    <section
      className="gate log-state"
      data-closed={state.failure === null || undefined}
      aria-label={say('audit.state')}
    >
      <p className="gate-sum">{say('audit.size', { count: state.size })}</p>
      {state.anchors.length > 0 ? (
        <p>{say('audit.anchored', { amount: format.integer(state.anchoredSize), all: format.integer(state.size) })}</p>
      ) : null}
      {state.failure ? (
        <p className="danger" role="alert">
          {say('audit.failure', { why: state.failure })}
        </p>
      ) : null}
      <Standing standing={state.standing} />
      <dl className="facts facts-wide">
        {checkpoint ? (
          <>
            <div>
              <dt>{say('audit.checkpoint')}</dt>
              <dd>
                {format.integer(checkpoint.size)}
                {checkpoint.at ? ` · ${format.moment(checkpoint.at)}` : ''}
              </dd>
            </div>
            <div>
              <dt>{say('audit.root')}</dt>
              <dd className="mono" title={checkpoint.root}>
                {checkpoint.root.slice(0, 24)}
              </dd>
            </div>
          </>
        ) : null}
        <div>
          <dt>{say('audit.origin')}</dt>
          <dd className="mono">{state.origin}</dd>
        </div>
        <div>
          <dt>{say('audit.kept')}</dt>
          <dd>
            {retention.months === null
              ? say('audit.kept.always')
              : say('audit.kept.months', { months: retention.months })}
          </dd>
        </div>
        {retention.oldestAt ? (
          <div>
            <dt>{say('audit.oldest')}</dt>
            <dd>{format.day(retention.oldestAt)}</dd>
          </div>
        ) : null}
      </dl>
      <div className="row-acts">
        <CopyButton text={() => state.publicKey} label="audit.copy.key" />
        {checkpoint ? <CopyButton text={() => checkpoint.text} label="audit.copy.checkpoint" /> : null}
      </div>
      {checkpoint ? <p className="faint">{say('audit.keep.checkpoint')}</p> : null}
    </section>
  );
}

function Anchors({ anchors, onAsked }: { readonly anchors: readonly AuditAnchor[]; readonly onAsked: () => void }) {
  const say = useSay();
  const format = useFormat();
  const evidence = useEvidence();
  const save = useSave();
  const ask = () => save.run(evidence.anchor, 'audit.anchor.done').finally(onAsked);
  return (
    <section aria-labelledby="anchors">
      <div className="section-head">
        <h3 id="anchors">{say('audit.anchors')}</h3>
        {anchors.length > 0 ? (
          <button type="button" className="button" disabled={save.working} onClick={() => void ask()}>
            {say('audit.anchor.do')}
          </button>
        ) : null}
      </div>
      <p className="faint lead">{say('audit.anchors.text')}</p>
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <DataTable
        label={say('audit.anchors')}
        rows={anchors}
        keyOf={({ kind, name, url }) => `${kind} ${name} ${url}`}
        empty={say('audit.anchors.none')}
        columns={[
          {
            title: say('audit.anchor.who'),
            cell: ({ name, url }) => (
              <>
                <span className="entry-title">{name}</span>
                <span className="mono faint">{url}</span>
              </>
            ),
          },
          { title: say('audit.anchor.kind'), cell: ({ kind }) => say(`anchorkind.${kind}` as TextKey) },
          {
            title: say('audit.anchor.state'),
            cell: ({ state, problem }) => (
              <>
                <span className="health" data-state={state === 'ok' ? 'well' : state === 'failing' ? 'ill' : 'unknown'}>
                  {say(`anchor.${state}` as TextKey)}
                </span>
                {problem ? <span className="faint"> {troubleWords(say, problem)}</span> : null}
              </>
            ),
          },
          {
            title: say('audit.anchor.size'),
            number: true,
            cell: ({ size }) => (size === null ? '–' : format.integer(size)),
          },
          {
            title: say('audit.anchor.at'),
            cell: ({ at }) => (at ? <span className="moment">{format.moment(at)}</span> : '–'),
          },
        ]}
      />
    </section>
  );
}

function troubleWords(say: Say, problem: string): string {
  const key = `trouble.${problem}`;
  return key in i18n.messages ? say(key as TextKey) : problem;
}

const kinds = ['', ...auditKinds] as const;

function Search({ open }: { readonly open: string | undefined }) {
  const say = useSay();
  const format = useFormat();
  const evidence = useEvidence();
  const nameOf = useNames();
  const [text, setText] = useState('');
  const [kind, setKind] = useState<(typeof kinds)[number]>('');
  const [since, setSince] = useState('');
  const sinceMs = since ? new Date(`${since}T00:00:00`).getTime() : undefined;
  const pages = usePages<AuditRecord>(`${text.trim()} ${kind} ${since}`, (cursor) =>
    evidence.records({ text: text.trim(), kinds: kind, sinceMs, cursor }),
  );
  return (
    <section aria-labelledby="audit-search">
      <h3 id="audit-search">{say('audit.search')}</h3>
      <div className="filters">
        <TextField label={say('audit.text')} value={text} onValue={setText} />
        <SelectField
          label={say('audit.kind')}
          value={kind}
          options={kinds.map((one) => [one, one === '' ? say('audit.kind.any') : kindWords(say, one)])}
          onValue={setKind}
        />
        <TextField label={say('audit.since')} type="date" value={since} onValue={setSince} />
        <button type="button" className="button" onClick={pages.again}>
          {say('admin.reread')}
        </button>
      </div>
      <ReadState reading={pages}>
        {(rows) => (
          <DataTable
            label={say('section.audit')}
            rows={rows}
            keyOf={({ seq }) => String(seq)}
            empty={say('audit.none')}
            onMore={pages.more}
            columns={[
              {
                title: say('audit.record'),
                cell: ({ seq, kind: of }) => (
                  <a
                    className="row-link"
                    href={hashOf({ page: 'admin', section: 'audit', id: String(seq) })}
                    aria-current={String(seq) === open || undefined}
                  >
                    <span className="mono">{format.integer(seq)}</span> {kindWords(say, of)}
                  </a>
                ),
              },
              { title: say('decision.at'), cell: ({ at }) => <span className="moment">{format.moment(at)}</span> },
              { title: say('audit.actor'), cell: ({ actor }) => actorWords(say, nameOf, actor) },
              { title: say('audit.what'), cell: ({ data }) => <span className="mono">{whatOf(data)}</span> },
            ]}
          />
        )}
      </ReadState>
    </section>
  );
}

export function kindWords(say: Say, kind: string): string {
  const key = `auditkind.${kind}`;
  return key in i18n.messages ? say(key as TextKey) : kind;
}

export const actorWords = (say: Say, nameOf: (id: string) => string, actor: string): string =>
  actor === 'system' ? say('audit.by.system') : nameOf(actor);

/** The words of a record that tell it from others of its kind. */
function whatOf(data: AuditRecord['data']): string {
  const told = ['what', 'effect', 'ok', 'why', 'destinationId', 'reason', 'model', 'decisionId'];
  const words = told.map((name) => data[name]).filter((value) => typeof value === 'string' && value !== '');
  return words.slice(0, 3).join(' · ');
}
