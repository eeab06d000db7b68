import { useMemo } from 'react';
import type { AuditRecord, RecordProof } from '../api/wire-evidence.ts';
import type { Label } from '../api/wire-policy.ts';
import { CheckedProofs } from '../proof/checked-proofs.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { labelWords } from '../ui/label-badge.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { go } from '../ui/route.ts';
import { saveJson } from '../ui/save-file.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import { actorWords, kindWords } from './audit-section.tsx';
import { useEvidence } from './evidence-client.ts';
import { useNames } from './use-names.ts';

/** One record as it stands in the log, and the way from it to the signed root, computed again here. */
export function AuditOne({ seq, publicKey }: { readonly seq: number; readonly publicKey: string | undefined }) {
  const say = useSay();
  const evidence = useEvidence();
  const reading = useRead(`proof ${seq}`, () => evidence.proof(seq));
  return (
    <section className="card" aria-label={say('audit.one', { seq })}>
      <ReadState reading={reading}>{(whole) => <One whole={whole} publicKey={publicKey} />}</ReadState>
    </section>
  );
}

function One({ whole, publicKey }: { readonly whole: RecordProof; readonly publicKey: string | undefined }) {
  const say = useSay();
  const { proof } = whole;
  const format = useFormat();
  const nameOf = useNames();
  const record = JSON.parse(proof.line) as AuditRecord;
  const proofs = useMemo(() => [proof], [proof]);
  return (
    <>
      <header>
        <h3>
          {format.integer(proof.seq)} · {kindWords(say, record.kind)}
        </h3>
        <span className="faint">{format.dateTime(record.at)}</span>
        <span className="faint">{actorWords(say, nameOf, record.actor)}</span>
        <button
          type="button"
          className="act state"
          onClick={() => go({ page: 'admin', section: 'audit' }, { replace: true })}
        >
          {say('close')}
        </button>
      </header>
      {publicKey ? <CheckedProofs proofs={proofs} publicKey={publicKey} /> : null}
      <dl className="facts facts-wide">
        {Object.entries(record.data).map(([name, value]) => (
          <div key={name}>
            <dt className="mono">{name}</dt>
            <dd>{plain(value)}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>{say('audit.line')}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
        <pre className="raw" tabIndex={0}>
          {proof.line}
        </pre>
      </details>
      <details>
        <summary>{say('audit.path', { count: proof.path.length })}</summary>
        <ol className="hashes mono">
          {proof.path.map((hash) => (
            <li key={hash}>{hash}</li>
          ))}
        </ol>
      </details>
      <div className="row-acts">
        <button
          type="button"
          className="button"
          onClick={() => saveJson({ ...whole, publicKey }, `intramuros-record-${proof.seq}.json`)}
        >
          <Icon name="download" />
          {say('audit.proof.save')}
        </button>
        <CopyButton text={() => proof.line} label="copy" />
      </div>
    </>
  );
}

/** A value of a record as a person reads it; the line below has it byte for byte. */
function plain(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (Array.isArray(value)) return value.map(plain).join(', ') || '–';
  if (typeof value !== 'object') return String(value);
  if ('level' in value && 'mentions' in value) return labelWords(value as Label);
  return Object.entries(value)
    .map(([name, part]) => `${name} ${plain(part)}`)
    .join(' · ');
}
