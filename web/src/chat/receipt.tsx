import { lazy, Suspense, useEffect, useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { ProblemBody, Provenance, Run } from '../api/wire.ts';
import type { Label } from '../api/wire-policy.ts';
import type { ChatNode } from '../store/tree.ts';
import type { TextKey } from '../text/i18n.ts';
import { i18n, withProofWords } from '../text/i18n.ts';
import { labelWords } from '../ui/label-badge.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { tierWords } from './choice-words.ts';
import { whereWords } from './provenance.tsx';

const ReceiptProof = lazy(() => withProofWords(import('../proof/receipt-proof.tsx')));

/** What one answer took and where: its model, its tokens, its time by step, and what left the machine. */
export function Receipt({ node }: { readonly node: ChatNode }) {
  const say = useSay();
  const format = useFormat();
  const { models } = useServices();
  const { provenance, usage } = node;
  if (!provenance) return <p>{say('receipt.none')}</p>;
  const inside = provenance.tier === 'embedded' && provenance.bytesSent === 0;
  const here = provenance.tier === 'embedded';
  const title = models.find(provenance.model)?.title;
  return (
    <div className="receipt">
      <p className="receipt-seal" data-inside={inside || undefined}>
        <span className="receipt-where">{whereWords(say, provenance)}</span>
        <span className="receipt-left">
          {say('where.left', { count: provenance.bytesSent, bytes: format.bytes(provenance.bytesSent) })}
        </span>
      </p>
      <Place provenance={provenance} label={node.label ?? undefined} />
      {provenance.decisionId ? (
        <Suspense fallback={<p className="waiting">{say('wait.page')}</p>}>
          <ReceiptProof key={node.id} messageId={node.id} />
        </Suspense>
      ) : null}
      <Facts
        title={say('receipt.model')}
        rows={[
          ...(title ? ([[say('receipt.name'), title]] satisfies Row[]) : []),
          [say('receipt.id'), provenance.model, true],
          ...(here
            ? ([
                [say('receipt.quantization'), provenance.quantization || '–', true],
                [say('receipt.tuned'), provenance.tuned ? say('yes') : say('no')],
              ] satisfies Row[])
            : []),
        ]}
      />
      {here ? null : <p className="fine">{say('receipt.upstream.files')}</p>}
      {usage ? (
        <Facts
          title={say('receipt.tokens')}
          rows={[
            [say('receipt.prompt'), format.integer(usage.promptTokens), true],
            [say('receipt.cached'), format.integer(usage.cachedPromptTokens), true],
            [say('receipt.computed'), format.integer(usage.promptTokens - usage.cachedPromptTokens), true],
            [say('receipt.completion'), format.integer(usage.completionTokens), true],
            [say('receipt.context'), format.integer(usage.contextTokens), true],
          ]}
        />
      ) : null}
      {usage ? (
        <Facts
          title={say('receipt.time')}
          rows={[
            [say('receipt.first'), format.duration(usage.timeToFirstTokenMs), true],
            [say('receipt.rate'), say('receipt.rate.value', { rate: format.decimal(usage.tokensPerSecond) }), true],
          ]}
        />
      ) : null}
      {node.runId ? <Steps key={node.runId} runId={node.runId} /> : null}
      <p className="fine">{say('receipt.source')}</p>
    </div>
  );
}

/** The place, the decision that let the question go there, and what it cost. */
function Place({ provenance, label }: { readonly provenance: Provenance; readonly label: Label | undefined }) {
  const say = useSay();
  const format = useFormat();
  const { tier, country, decisionId, costMicros, currency, destinationTitle, destinationId, bytesSent, masked } =
    provenance;
  const rows: Row[] = [
    [say('receipt.tier'), tierWords(say, tier)],
    ...(tier === 'embedded'
      ? []
      : ([[say('receipt.place'), destinationTitle ?? destinationId ?? '–']] satisfies Row[])),
    ...(country && tier !== 'embedded' ? ([[say('receipt.country'), format.country(country)]] satisfies Row[]) : []),
    ...(label ? ([[say('label.title'), labelWords(label)]] satisfies Row[]) : []),
    [say('receipt.sent'), format.bytes(bytesSent), true],
    ...(masked
      ? ([[say('receipt.masked'), say('receipt.masked.value', { count: sumOf(masked) })]] satisfies Row[])
      : []),
    ...(costMicros != null && tier !== 'embedded'
      ? ([[say('receipt.cost'), format.money(costMicros, currency ?? 'EUR'), true]] satisfies Row[])
      : []),
    ...(decisionId ? ([[say('receipt.decision'), decisionId, true]] satisfies Row[]) : []),
  ];
  return <Facts title={say('receipt.where')} rows={rows} />;
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

type Row = readonly [name: string, value: string, mono?: boolean];

function Facts({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(([name, value, mono]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className={mono ? 'mono' : undefined}>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Steps({ runId }: { readonly runId: string }) {
  const say = useSay();
  const format = useFormat();
  const { client } = useServices();
  const [run, setRun] = useState<Run>();
  const [problem, setProblem] = useState<ProblemBody>();
  useEffect(() => {
    client.run(runId).then(setRun, (error: unknown) => setProblem(toProblemBody(error)));
  }, [client, runId]);
  if (problem)
    return (
      <section>
        <h3>{say('receipt.steps')}</h3>
        <p className="faint">{say('receipt.forgotten')}</p>
      </section>
    );
  if (!run || run.steps.length === 0) return null;
  const name = (step: string): string => (`step.${step}` in i18n.messages ? say(`step.${step}` as TextKey) : step);
  return (
    <Facts
      title={say('receipt.steps')}
      rows={run.steps.map((step): Row => [name(step.name), format.duration(step.ms), true])}
    />
  );
}
