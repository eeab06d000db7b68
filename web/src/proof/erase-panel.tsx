import { type FormEvent, useState } from 'react';
import type { ErasureReceipt } from '../api/wire-evidence.ts';
import { TextField } from '../form/fields.tsx';
import { useSave } from '../form/use-save.ts';
import { Icon } from '../ui/icon.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { saveJson } from '../ui/save-file.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { takeFocus } from '../ui/take-focus.ts';
import { CheckedProofs } from './checked-proofs.tsx';

/** Asks once more, by a name to write where there is one, erases, and shows the receipt of it. */
export function ErasePanel({
  name,
  onErase,
  onCancel,
}: {
  /** What must be written to confirm; without one the button is enough. */
  readonly name?: string;
  readonly onErase: (confirm: string) => Promise<ErasureReceipt>;
  readonly onCancel: () => void;
}) {
  const say = useSay();
  const save = useSave();
  const [written, setWritten] = useState('');
  const [receipt, setReceipt] = useState<ErasureReceipt>();
  if (receipt) return <Erased receipt={receipt} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save.run(async () => setReceipt(await onErase(written.trim())), 'erase.done');
  };
  return (
    <form className="form narrow" onSubmit={submit}>
      {name === undefined ? null : (
        <TextField label={say('erase.confirm', { name })} value={written} onValue={setWritten} ref={takeFocus} />
      )}
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <div className="row-acts">
        <button
          type="submit"
          className="button button-danger"
          disabled={save.working || (name !== undefined && written.trim() !== name)}
        >
          {say(save.working ? 'erase.working' : 'erase.do')}
        </button>
        <button type="button" className="button" onClick={onCancel} ref={name === undefined ? takeFocus : undefined}>
          {say('keep')}
        </button>
      </div>
    </form>
  );
}

function Erased({ receipt }: { readonly receipt: ErasureReceipt }) {
  const say = useSay();
  const format = useFormat();
  const { erased, destroyedKeys, record } = receipt;
  const [proofs] = useState(() => [record]);
  return (
    <div className="once" role="status">
      <p className="once-what">{say('erase.done')}</p>
      <p>
        {say('erase.done.text', {
          conversations: erased.conversations,
          messages: erased.messages,
          keys: destroyedKeys,
        })}
      </p>
      <dl className="facts">
        <div>
          <dt>{say('erase.at')}</dt>
          <dd>{format.dateTime(receipt.at)}</dd>
        </div>
        <div>
          <dt>{say('erase.record')}</dt>
          <dd className="mono">{format.integer(record.seq)}</dd>
        </div>
      </dl>
      <CheckedProofs proofs={proofs} publicKey={receipt.publicKey} />
      <div className="row-acts">
        <button
          type="button"
          className="button"
          onClick={() => saveJson(receipt, `intramuros-erasure-${record.seq}.json`)}
        >
          <Icon name="download" />
          {say('erase.save')}
        </button>
      </div>
    </div>
  );
}
