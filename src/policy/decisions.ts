import type { Audit, AuditRecord } from '../audit/index.ts';

export interface DecisionFilter {
  readonly person?: string | undefined;
  readonly effect?: string | undefined;
  readonly destination?: string | undefined;
  /** Only those before this number: where a reading goes on. */
  readonly beforeSeq?: number | undefined;
  readonly limit: number;
}

/** A decision, and what became of it: null as long as that is unknown. */
export interface PastDecision {
  readonly record: AuditRecord;
  readonly outcome: AuditRecord | null;
}

/** How far after a page an outcome is looked for, and how many records one page may look at. */
const outcomeReach = 20_000;
const mostScanned = 200_000;

/** Past decisions, newest first. An outcome stands after its decision, so it is met before it. */
export async function listDecisions(
  audit: Pick<Audit, 'read'>,
  filter: DecisionFilter,
): Promise<{ readonly decisions: readonly PastDecision[]; readonly nextSeq: number | null }> {
  const outcomes = new Map<string, AuditRecord>();
  const decisions: PastDecision[] = [];
  const { beforeSeq = Number.POSITIVE_INFINITY, limit } = filter;
  let scanned = 0;
  const range = filter.beforeSeq === undefined ? {} : { beforeSeq: filter.beforeSeq + outcomeReach };
  for await (const record of audit.read({ kinds: ['decision', 'outcome'], newestFirst: true, ...range })) {
    scanned += 1;
    if (scanned > mostScanned) return { decisions, nextSeq: record.seq + 1 };
    if (record.kind === 'outcome') {
      outcomes.set(String(record.data.decisionId), record);
      continue;
    }
    const outcome = outcomes.get(String(record.data.id)) ?? null;
    outcomes.delete(String(record.data.id));
    if (record.seq >= beforeSeq || !isWanted(record, filter)) continue;
    if (decisions.length === limit) return { decisions, nextSeq: decisions.at(-1)?.record.seq ?? null };
    decisions.push({ record, outcome });
  }
  return { decisions, nextSeq: null };
}

function isWanted({ actor, data }: AuditRecord, { person, effect, destination }: DecisionFilter): boolean {
  const { id } = (data.destination ?? {}) as { id?: unknown };
  return (
    (person === undefined || person === actor) &&
    (effect === undefined || effect === data.effect) &&
    (destination === undefined || destination === id)
  );
}
