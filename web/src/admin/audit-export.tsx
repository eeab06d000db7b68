import { useState } from 'react';
import { TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import { Icon } from '../ui/icon.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { saveFile } from '../ui/save-file.ts';
import { useSay } from '../ui/services.ts';
import { useEvidence } from './evidence-client.ts';

const formats = { jsonl: 'audit.export.jsonl', ocsf: 'audit.export.ocsf' } as const;
type Format = keyof typeof formats;

/** The log of a time as a file, for an archive or for a tool that watches. */
export function AuditExport() {
  const say = useSay();
  const evidence = useEvidence();
  const save = useSave();
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const write = (format: Format) =>
    save.run(async () => {
      const file = await evidence.exportLog({
        format,
        sinceMs: from ? new Date(`${from}T00:00:00`).getTime() : undefined,
        untilMs: to ? new Date(`${to}T23:59:59.999`).getTime() : undefined,
      });
      saveFile(
        file,
        `intramuros-log-${new Date().toISOString().slice(0, 10)}${format === 'ocsf' ? '.ocsf' : ''}.jsonl`,
      );
    }, 'audit.export.done');
  return (
    <section aria-labelledby="audit-export">
      <h3 id="audit-export">{say('audit.export')}</h3>
      <p className="faint lead">{say('audit.export.text')}</p>
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <div className="filters">
        <TextField label={say('audit.export.from')} type="date" value={from} onValue={setFrom} />
        <TextField label={say('audit.export.to')} type="date" value={to} onValue={setTo} />
        {(Object.keys(formats) as Format[]).map((format) => (
          <button
            key={format}
            type="button"
            className="button"
            disabled={save.working}
            onClick={() => void write(format)}
          >
            <Icon name="download" />
            {say(formats[format])}
          </button>
        ))}
      </div>
    </section>
  );
}
