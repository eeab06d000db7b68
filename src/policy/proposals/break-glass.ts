import type { Audit } from '../../audit/index.ts';
import { type Clock, IntramurosError, newId } from '../../base/index.ts';
import type { Database, Queryable } from '../../store/index.ts';
import { getRow } from './rows.ts';
import type { Actor, OpenedRead, Proposal, Read } from './types.ts';

/** How long after its approval a conversation may be read. */
export const breakGlassMs = 3_600_000;
export const breakGlassRight = 'break-glass';

interface Parts {
  readonly database: Database;
  readonly audit: Pick<Audit, 'append'>;
  readonly clock: Clock;
}

type BreakGlass = Proposal & { readonly kind: 'break-glass' };

/**
 * Lets one of the two people who agreed on it read, within the hour. The reading is in the record, and on the page of
 * whose conversation it is, before this resolves.
 * @throws {IntramurosError} `forbidden`, `not_found`.
 */
export async function openRead({ database, audit, clock }: Parts, actor: Actor, id: string): Promise<OpenedRead> {
  const proposal = await getRow(database, id);
  const isTheirs = actor.personId === proposal.by || actor.personId === proposal.decidedBy;
  if (proposal.kind !== 'break-glass' || !isTheirs) throw notFound(id);
  if (!actor.can(breakGlassRight)) throw refused('right', `This needs the right "${breakGlassRight}".`);
  if (proposal.state !== 'approved' || proposal.decidedAt === null) {
    throw refused('not_approved', 'Nobody else has approved this yet.');
  }
  const until = Date.parse(proposal.decidedAt) + breakGlassMs;
  if (clock.now() >= until) throw refused('over', 'The hour is over. Propose it again, and somebody else approves it.');
  await record(audit, 'break-glass.read', actor, proposal);
  await tell(database, proposal, { what: 'read', by: actor.personId, at: new Date(clock.now()).toISOString() });
  return { ...proposal.detail, proposalId: id, until: new Date(until).toISOString() };
}

/** Writes a step of it into the record. */
export async function record(
  audit: Pick<Audit, 'append'>,
  what: string,
  actor: Actor,
  { id: proposalId, by: proposedBy, reason, detail }: BreakGlass,
): Promise<void> {
  await audit.append({
    kind: 'access',
    actor: actor.personId,
    data: { what, proposalId, proposedBy, reason, ...detail },
  });
}

/** Puts on the page of whose conversation it is what was done with it. */
export async function tell(
  on: Queryable,
  { id, reason, detail }: BreakGlass,
  { what, by, at }: { readonly what: Read['what']; readonly by: string; readonly at: string },
): Promise<void> {
  await on.query(
    `INSERT INTO conversation_reads (id, person_id, conversation_id, at, by_id, what, reason, proposal_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [newId('read'), detail.ownerId, detail.conversationId, at, by, what, reason, id],
  );
}

/** What others did with a person's conversations, newest first. */
export async function readsOf(database: Queryable, personId: string): Promise<readonly Read[]> {
  const rows = await database.query<Omit<Read, 'at'> & { readonly at: string | Date }>(
    `SELECT at, by_id AS "by", what, reason, conversation_id AS "conversationId" FROM conversation_reads
     WHERE person_id = $1 ORDER BY at DESC, id DESC LIMIT 500`,
    [personId],
  );
  return rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
}

/** @throws {IntramurosError} `forbidden` for whoever is not a second person, nor a third to whose conversation it is. */
export function checkSecond(actor: Actor, { by, detail }: BreakGlass): void {
  if (actor.personId === by)
    throw refused('four_eyes', 'Whoever asks to read it may not approve it: ask somebody else.');
  if (actor.personId === detail.ownerId)
    throw refused('own', 'The conversation is yours: somebody else has to approve it.');
}

function notFound(id: string): IntramurosError {
  return new IntramurosError('not_found', `There is no proposal "${id.slice(0, 80)}" of yours to read under.`);
}

export function refused(reason: string, message: string): IntramurosError {
  return new IntramurosError('forbidden', message, { facts: { reason } });
}
