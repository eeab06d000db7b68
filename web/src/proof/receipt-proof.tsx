import { ApiProblem } from '../api/problem.ts';
import type { AnswerReceipt } from '../api/wire-evidence.ts';
import { i18n, type TextKey } from '../text/i18n.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { saveJson } from '../ui/save-file.ts';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import { CheckedProofs } from './checked-proofs.tsx';
import { Standing } from './standing.tsx';

/** That an answer's decision and outcome stand in the signed log, computed again here, and the file for elsewhere. */
export default function ReceiptProof({ messageId }: { readonly messageId: string }) {
  const { client } = useServices();
  const reading = useRead(messageId, () =>
    client
      .ask<AnswerReceipt>('GET', `/api/messages/${encodeURIComponent(messageId)}/receipt`)
      .catch((error: unknown) => (error instanceof ApiProblem && error.code === 'not_found' ? null : failed(error))),
  );
  return <ReadState reading={reading}>{(receipt) => (receipt ? <Proof receipt={receipt} /> : <Absent />)}</ReadState>;
}

function failed(error: unknown): never {
  throw error;
}

function Absent() {
  const say = useSay();
  return (
    <section>
      <h3>{say('proof.title')}</h3>
      <p className="faint">{say('proof.absent')}</p>
    </section>
  );
}

function Proof({ receipt }: { readonly receipt: AnswerReceipt }) {
  const say = useSay();
  const format = useFormat();
  const { announcer } = useServices();
  const { facts, records, publicKey, cosignatures, timestamps } = receipt;
  const name = `intramuros-${receipt.message}.json`;
  const size = Number(receipt.checkpoint.split('\n')[1] ?? 0);
  const seqs = records.map(({ seq }) => format.integer(seq)).join(', ');
  const masked = Object.entries(facts.placeholders).filter(([, count]) => count > 0);
  return (
    <>
      <section className="proof">
        <h3>{say('proof.title')}</h3>
        <CheckedProofs proofs={records} publicKey={publicKey} />
        <Standing standing={receipt.standing} />
        <dl>
          <Row name={say('proof.records')}>{say('proof.records.value', { seqs, size: format.integer(size) })}</Row>
          <Row name={say('proof.witnesses')}>{format.integer(cosignatures.length)}</Row>
          <Row name={say('proof.dated')}>{format.integer(timestamps.length)}</Row>
          <Row name={say('proof.policy')} whole={facts.policyVersion}>
            {facts.policyVersion.slice(0, 16)}
          </Row>
          <Row name={say('proof.model')} whole={facts.modelHash ?? undefined}>
            {facts.modelHash?.slice(0, 16) ?? say('proof.model.none')}
          </Row>
          <Row name={say('proof.machine')} whole={facts.machine}>
            {facts.machine.slice(0, 16)}
          </Row>
        </dl>
        <div className="row-acts">
          <button
            type="button"
            className="button"
            onClick={() => {
              saveJson(receipt, name);
              announcer.say(say('proof.saved'));
            }}
          >
            <Icon name="download" />
            {say('proof.save')}
          </button>
        </div>
        <details className="proof-offline">
          <summary>{say('proof.offline')}</summary>
          <p>{say('proof.offline.text')}</p>
          <Command text={`node verify-log.mjs ${name}`} />
          <p>{say('proof.offline.or')}</p>
          <Command text={`intramuros verify ${name}`} />
          <p className="fine">{say('proof.opening')}</p>
        </details>
      </section>
      {masked.length > 0 ? (
        <section>
          <h3>{say('proof.masked')}</h3>
          <dl>
            {masked.map(([kind, count]) => (
              <Row key={kind} name={entityWords(say, kind)}>
                {format.integer(count)}
              </Row>
            ))}
          </dl>
          <p className="fine">{say('proof.masked.help')}</p>
        </section>
      ) : null}
    </>
  );
}

function entityWords(say: ReturnType<typeof useSay>, kind: string): string {
  const key = `entity.${kind}`;
  return key in i18n.messages ? say(key as TextKey) : kind;
}

function Row({
  name,
  whole,
  children,
}: {
  readonly name: string;
  /** All of what is shown in part. */
  readonly whole?: string | undefined;
  readonly children: string;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="mono" title={whole}>
        {children}
      </dd>
    </div>
  );
}

function Command({ text }: { readonly text: string }) {
  return (
    <p className="command">
      <code>{text}</code>
      <CopyButton text={() => text} label="copy" />
    </p>
  );
}
