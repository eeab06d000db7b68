import type { Identity } from '../../identity/index.ts';
import type { Queryable } from '../../store/index.ts';
import type { ModelUse, Tally } from '../log/tally.ts';

/** Somebody else read something of a person. */
export interface PersonRead {
  /** ISO time. */
  readonly at: string;
  readonly by: string;
  readonly what: string;
  readonly reason: string | null;
}

/** Everything that the house holds of a person, counted, with who read it and which models saw it. */
export interface Held {
  readonly conversations: number;
  readonly messages: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly keys: number;
  readonly sessions: number;
  readonly usageDays: number;
  readonly vaults: number;
  readonly memories: number;
  readonly auditRecords: number;
  readonly reads: readonly PersonRead[];
  readonly models: readonly ModelUse[];
}

export interface HeldParts {
  readonly database: Pick<Queryable, 'query'>;
  readonly identity: Pick<Identity, 'keys' | 'sessions'>;
  readonly tally: Tally;
  /** What others did with a person's conversations, newest first. */
  readonly readsOf: (personId: string) => Promise<readonly PersonRead[]>;
}

/** Counts it. */
export async function readHeld({ database, identity, tally, readsOf }: HeldParts, personId: string): Promise<Held> {
  const [[counts], keys, sessions, auditRecords, reads, models] = await Promise.all([
    database.query<Counts>(countAll, [personId]),
    identity.keys.list(personId),
    identity.sessions.list(personId),
    tally.records(personId),
    readsOf(personId),
    tally.uses(personId),
  ]);
  const { conversations = 0, messages = 0, vaults = 0, usage_days: usageDays = 0 } = counts ?? {};
  return {
    conversations: Number(conversations),
    messages: Number(messages),
    firstAt: isoOf(counts?.first_at),
    lastAt: isoOf(counts?.last_at),
    keys: keys.filter(({ revokedAt }) => revokedAt === undefined).length,
    sessions: sessions.length,
    usageDays: Number(usageDays),
    vaults: Number(vaults),
    memories: 0,
    auditRecords,
    reads: reads.map(({ at, by, what, reason }) => ({ at, by, what, reason })),
    models,
  };
}

interface Counts {
  readonly conversations: number;
  readonly messages: number;
  readonly vaults: number;
  readonly usage_days: number;
  readonly first_at: string | Date | null;
  readonly last_at: string | Date | null;
}

/** Counts alone, over tables of several rooms: none of them knows what "all about somebody" is. */
const countAll = `
  SELECT (SELECT count(*) FROM conversations WHERE owner_id = $1) AS conversations,
    (SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.owner_id = $1) AS messages,
    (SELECT count(*) FROM vaults v JOIN conversations c ON c.id = v.conversation_id WHERE c.owner_id = $1) AS vaults,
    (SELECT count(DISTINCT day) FROM usage_days WHERE person_id = $1) AS usage_days,
    (SELECT min(created_at) FROM conversations WHERE owner_id = $1) AS first_at,
    (SELECT max(updated_at) FROM conversations WHERE owner_id = $1) AS last_at`;

const isoOf = (value: string | Date | null | undefined): string | null =>
  value === null || value === undefined ? null : new Date(value).toISOString();
