import { IntramurosError } from '../../base/index.ts';
import type { Queryable } from '../../store/index.ts';
import { formatLabel } from '../labels.ts';
import type { BreakGlassDetail, FileChange, LabelDetail, PolicyDetail, Proposal, ProposalState } from './types.ts';

interface ProposalRow {
  readonly id: string;
  readonly kind: Proposal['kind'];
  readonly state: ProposalState;
  readonly proposed_by: string;
  readonly proposed_at: string | Date;
  readonly reason: string;
  readonly detail: unknown;
  readonly decided_by: string | null;
  readonly decided_at: string | Date | null;
  readonly decision_reason: string | null;
  readonly eyes: number | null;
}

const iso = (time: string | Date): string => new Date(time).toISOString();

export async function listRows(database: Queryable, state: 'open' | 'all'): Promise<readonly Proposal[]> {
  const where = state === 'open' ? `WHERE state = 'open'` : '';
  const rows = await database.query<ProposalRow>(
    `SELECT * FROM proposals ${where} ORDER BY proposed_at DESC, id DESC LIMIT 500`,
  );
  return rows.map(toProposal);
}

export async function getRow(database: Queryable, id: string): Promise<Proposal> {
  const [row] = await database.query<ProposalRow>('SELECT * FROM proposals WHERE id = $1', [id]);
  if (row !== undefined) return toProposal(row);
  throw new IntramurosError('not_found', `There is no proposal "${id.slice(0, 80)}".`);
}

/** Approved changes of the policy that a killed process may not have brought into force. */
export async function unfinishedRows(database: Queryable): Promise<readonly Proposal[]> {
  const rows = await database.query<ProposalRow>(
    `SELECT * FROM proposals WHERE kind = 'policy' AND state = 'approved' AND NOT applied ORDER BY decided_at`,
  );
  return rows.map(toProposal);
}

export async function insertRow(database: Queryable, proposal: Proposal): Promise<void> {
  const { id, kind, state, by, at, reason, detail } = proposal;
  await database.query(
    `INSERT INTO proposals (id, kind, state, proposed_by, proposed_at, reason, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [id, kind, state, by, at, reason, JSON.stringify(detail)],
  );
}

/** Decides an open one. @throws {IntramurosError} `conflict` when somebody decided it first. */
export async function decideRow(
  database: Queryable,
  decision: {
    readonly id: string;
    readonly state: Exclude<ProposalState, 'open'>;
    readonly by: string;
    readonly at: string;
    readonly reason: string | undefined;
    readonly eyes: number | null;
    readonly applied: boolean;
  },
): Promise<void> {
  const { id, state, by, at, reason, eyes, applied } = decision;
  const rows = await database.query(
    `UPDATE proposals SET state = $2, decided_by = $3, decided_at = $4, decision_reason = $5, eyes = $6, applied = $7
     WHERE id = $1 AND state = 'open' RETURNING id`,
    [id, state, by, at, reason ?? null, eyes, applied],
  );
  if (rows.length === 0)
    throw new IntramurosError('conflict', 'Somebody has decided this proposal meanwhile. Look at it again.');
}

export async function markApplied(database: Queryable, id: string): Promise<void> {
  await database.query('UPDATE proposals SET applied = true WHERE id = $1', [id]);
}

/** An approval that could not be applied is open again. */
export async function reopenRow(database: Queryable, id: string): Promise<void> {
  await database.query(
    `UPDATE proposals SET state = 'open', decided_by = NULL, decided_at = NULL, decision_reason = NULL, eyes = NULL
     WHERE id = $1 AND NOT applied`,
    [id],
  );
}

function toProposal(row: ProposalRow): Proposal {
  const common = {
    id: row.id,
    by: row.proposed_by,
    at: iso(row.proposed_at),
    reason: row.reason,
    state: row.state,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at === null ? null : iso(row.decided_at),
    decisionReason: row.decision_reason,
    eyes: row.eyes,
  };
  const stored: unknown = typeof row.detail === 'string' ? JSON.parse(row.detail) : row.detail;
  if (row.kind === 'policy') {
    const detail = stored as PolicyDetail;
    return { ...common, kind: 'policy', detail, summary: policySummary(detail.changes) };
  }
  if (row.kind === 'break-glass') {
    const detail = stored as BreakGlassDetail;
    return { ...common, kind: 'break-glass', detail, summary: breakGlassSummary(detail) };
  }
  const detail = stored as LabelDetail;
  return { ...common, kind: 'label', detail, summary: labelSummary(detail) };
}

/** `20-levels.cedar, 50-ours.cedar (new)` */
export function policySummary(changes: readonly FileChange[]): string {
  const note = ({ before, after }: FileChange): string =>
    before === null ? ' (new)' : after === null ? ' (removed)' : '';
  return changes.map((change) => `${change.name}${note(change)}`).join(', ');
}

export function labelSummary({ conversationId, from, to }: LabelDetail): string {
  return `${conversationId}: ${formatLabel(from)} → ${formatLabel(to)}`;
}

export const breakGlassSummary = ({ conversationId, ownerId }: BreakGlassDetail): string =>
  `${conversationId} (${ownerId})`;
