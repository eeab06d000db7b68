import type { Audit, AuditRecord, InclusionProof } from '../../audit/index.ts';
import type { ConversationRoom, Conversations } from '../../conversations/index.ts';
import type { Runs } from '../../flows/index.ts';
import type { Keyring } from '../../keyring/index.ts';
import type { Database, Queryable } from '../../store/index.ts';

/** Proof that something was erased, which holds nothing of it. */
export interface ErasureReceipt {
  readonly format: 'intramuros-erasure-1';
  /** Id of the person or conversation. */
  readonly subject: string;
  readonly at: string;
  readonly destroyedKeys: number;
  readonly erased: { readonly conversations: number; readonly messages: number };
  readonly record: InclusionProof;
  readonly checkpoint: string;
  readonly publicKey: string;
}

export interface EraseParts {
  readonly database: Database;
  readonly audit: Pick<Audit, 'append' | 'note' | 'prove' | 'publicKey'>;
  readonly keyring: Keyring;
  readonly room: Pick<ConversationRoom, 'forget'>;
}

interface Erased {
  readonly conversations: number;
  readonly messages: number;
  readonly destroyedKeys: number;
}

/**
 * Erases all that a person said and was answered, and destroys their key: what was sealed with it, in a backup too, opens
 * never again. Their account, keys, counters of use and the records of the log stay; those hold no content. Twice is no
 * error. An answer on its way is stopped first.
 */
export async function erasePerson(
  { database, audit, keyring, room }: EraseParts,
  { personId, runs }: { readonly personId: string; readonly runs: Runs },
): Promise<ErasureReceipt> {
  const rows = await database.query<{ id: string }>('SELECT id FROM conversations WHERE owner_id = $1', [personId]);
  for (const { id } of rows) await runs.stopAll(id);
  const record = await recorded(
    database,
    audit,
    { actor: personId, subject: personId, what: 'person.erased' },
    async (on) => {
      const messages = await countMessages(on, 'c.owner_id = $1', personId);
      const conversations = await room.forget(personId, on);
      const { destroyed } = await keyring.destroy(personId, on);
      return { conversations, messages, destroyedKeys: destroyed };
    },
  );
  await keyring.settle();
  await keyring.renew(personId); // whoever erased all goes on with a key of a new kind
  return toReceipt(audit, personId, record);
}

/** Erases one conversation, with what its placeholders stood for; a backup does not bring it back. */
export async function eraseConversation(
  { database, audit, keyring }: EraseParts,
  owner: { readonly personId: string; readonly conversations: Conversations; readonly runs: Runs },
  id: string,
): Promise<ErasureReceipt> {
  await owner.conversations.get(id); // not found for anybody else
  await owner.runs.stopAll(id);
  const about = { actor: owner.personId, subject: id, what: 'conversation.erased' };
  const record = await recorded(database, audit, about, async (on) => {
    const messages = await countMessages(on, 'c.id = $1', id);
    const gone = await on.query('DELETE FROM conversations WHERE id = $1 AND owner_id = $2 RETURNING id', [
      id,
      owner.personId,
    ]);
    const { destroyed } = await keyring.destroy([`vault/${id}`, `conversation/${id}`], on);
    return { conversations: gone.length, messages, destroyedKeys: destroyed };
  });
  await keyring.settle();
  return toReceipt(audit, id, record);
}

async function countMessages(on: Pick<Queryable, 'query'>, which: string, id: string): Promise<number> {
  const [row] = await on.query<{ count: number }>(
    `SELECT count(*) AS count FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE ${which}`,
    [id],
  );
  return Number(row?.count ?? 0);
}

/** The record is on the disk before anything is gone; when it cannot be written, nothing is erased. */
async function recorded(
  database: Database,
  audit: EraseParts['audit'],
  { actor, subject, what }: { readonly actor: string; readonly subject: string; readonly what: string },
  work: (on: Queryable) => Promise<Erased>,
): Promise<AuditRecord> {
  let record: AuditRecord | undefined;
  try {
    return await database.transaction(async (on) => {
      const erased = await work(on);
      record = await audit.append({ kind: 'erasure', actor, data: { what, subject, ...erased } });
      return record;
    });
  } catch (error) {
    if (record) audit.note({ kind: 'erasure', actor, data: { what, subject, undone: true } });
    throw error;
  }
}

async function toReceipt(audit: EraseParts['audit'], subject: string, record: AuditRecord): Promise<ErasureReceipt> {
  const proof = await audit.prove(record.seq);
  const { conversations, messages, destroyedKeys } = record.data as Readonly<Record<keyof Erased, number>>;
  return {
    format: 'intramuros-erasure-1',
    subject,
    at: record.at,
    destroyedKeys,
    erased: { conversations, messages },
    record: proof,
    checkpoint: proof.checkpoint,
    publicKey: audit.publicKey,
  };
}
