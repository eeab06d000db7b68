import { useState } from 'react';
import type { AuditVerification } from '../api/wire-evidence.ts';
import { useSave } from '../form/use-save.ts';
import { i18n } from '../text/i18n.ts';
import { ProblemNote } from '../ui/problem-note.tsx';
import { useFormat, useSay } from '../ui/services.ts';
import { useEvidence } from './evidence-client.ts';

/** Has the server read its whole log again, and says what came of it. */
export function AuditVerify() {
  const say = useSay();
  const evidence = useEvidence();
  const save = useSave();
  const [result, setResult] = useState<AuditVerification>();
  const verify = () =>
    save.run(async () => {
      setResult(undefined);
      setResult(await evidence.verify());
    }, 'audit.verify');
  return (
    <section aria-labelledby="audit-verify">
      <div className="section-head">
        <h3 id="audit-verify">{say('audit.verify')}</h3>
        <button type="button" className="button button-strong" disabled={save.working} onClick={() => void verify()}>
          {say(save.working ? 'audit.verify.working' : 'audit.verify.do')}
        </button>
      </div>
      <p className="faint lead">{say('audit.verify.text')}</p>
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      {result ? <Result result={result} /> : null}
    </section>
  );
}

function Result({ result }: { readonly result: AuditVerification }) {
  const say = useSay();
  const format = useFormat();
  return (
    <div className="checked" data-checked={result.ok ? 'verified' : 'broken'} role={result.ok ? 'status' : 'alert'}>
      <p className="standing-what">{say(result.ok ? 'audit.verified' : 'audit.broken')}</p>
      <p>
        {say('audit.verified.text', {
          records: format.integer(result.records),
          checkpoints: format.integer(result.checkpoints),
          time: format.duration(result.ms),
        })}
      </p>
      {result.problems.length > 0 ? (
        <ul>
          {result.problems.map(({ seq, code, words }) => (
            <li key={`${seq} ${code}`}>
              {seq === null ? '' : `${say('audit.problem.at', { seq: format.integer(seq) })} · `}
              {i18n.locale === 'fr' ? words.fr : words.en}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
