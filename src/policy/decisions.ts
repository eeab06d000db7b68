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

/** How many records one page may look at. */
const mostScanned = 200_000;

/**
 * Past decisions, newest first. An outcome stands after its decision, so it is met before it, or, on a later page, is found by
 * the decision's id.
 */
export async function listDecisions(
  audit: Pick<Audit, 'read' | 'find'>,
  filter: DecisionFilter,
): Promise<{ readonly decisions: readonly PastDecision[]; readonly nextSeq: number | null }> {
  const outcomes = new Map<string, AuditRecord>();
  const decisions: PastDecision[] = [];
  const { limit } = filter;
  const range = filter.beforeSeq === undefined ? {} : { beforeSeq: filter.beforeSeq };
  const outcomeOf = async (id: string): Promise<AuditRecord | null> =>
    filter.beforeSeq === undefined ? null : ((await audit.find(id)).outcome ?? null);
  let scanned = 0;
  for await (const record of audit.read({ kinds: ['decision', 'outcome'], newestFirst: true, ...range })) {
    scanned += 1;
    if (scanned > mostScanned) return { decisions, nextSeq: record.seq + 1 };
    if (record.kind === 'outcome') {
      outcomes.set(String(record.data.decisionId), record);
      continue;
    }
    const id = String(record.data.id);
    const met = outcomes.get(id);
    outcomes.delete(id);
    if (!isWanted(record, filter)) continue;
    if (decisions.length === limit) return { decisions, nextSeq: decisions.at(-1)?.record.seq ?? null };
    decisions.push({ record, outcome: met ?? (await outcomeOf(id)) });
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
