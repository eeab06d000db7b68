import { IntramurosError, type Logger } from '../../base/index.ts';
import type { Database } from '../../store/index.ts';
import { MaskingFailedError } from './masking-failed.ts';
import { Vault } from './vault.ts';

/** Seals and opens vaults at rest, each under a key of its own: erasing the conversation destroys it, in backups too. */
export interface VaultKeys {
  ready(subject: string): Promise<void>;
  seal(subject: string, place: string, text: string): string;
  /** @throws {IntramurosError} when the key is gone or the text damaged. */
  open(subject: string, place: string, sealed: string): string;
}

/** The vaults of an installation: one a conversation, sealed at rest, gone with it. */
export interface Vaults {
  /**
   * Lets `work` read and add placeholders, and keeps what it added durably before this resolves. Without a conversation the
   * vault lives as long as the request alone. When another request added to the vault meanwhile, `work` is done again.
   * @throws {MaskingFailedError} `vault_unreadable`; and what `work` and the database throw.
   */
  use<T>(conversationId: string | undefined, work: (vault: Vault) => Promise<T>): Promise<T>;
}

interface Row {
  readonly sealed: string;
  readonly version: number;
}

const mostTries = 8;

/** Opens the vaults. */
export function openVaults(options: {
  readonly database: Database;
  readonly keys: VaultKeys;
  readonly log: Logger;
}): Vaults {
  return {
    async use(conversationId, work) {
      if (conversationId === undefined) return work(new Vault());
      for (let tries = 0; tries < mostTries; tries += 1) {
        const { vault, version } = await read(options, conversationId);
        const result = await work(vault);
        if (!vault.grown || (await write(options, conversationId, { vault, version }))) return result;
      }
      throw new IntramurosError(
        'conflict',
        'Other answers of this conversation kept adding names at the same time. Ask again when they are over.',
        { facts: { conversation: conversationId } },
      );
    },
  };
}

type Room = Parameters<typeof openVaults>[0];

async function read({ database, keys, log }: Room, conversationId: string) {
  const [row] = await database.query<Row>('SELECT sealed, version FROM vaults WHERE conversation_id = $1', [
    conversationId,
  ]);
  if (!row) return { vault: new Vault(), version: 0 };
  try {
    await keys.ready(subjectOf(conversationId));
    return {
      vault: Vault.fromText(keys.open(subjectOf(conversationId), placeOf(conversationId), row.sealed)),
      version: row.version,
    };
  } catch (error) {
    log.error({ err: error, conversation: conversationId }, 'a vault of placeholders cannot be read');
    throw new MaskingFailedError('vault_unreadable', { cause: error });
  }
}

/** False when somebody else wrote since it was read. */
async function write(
  { database, keys }: Room,
  conversationId: string,
  { vault, version }: { readonly vault: Vault; readonly version: number },
): Promise<boolean> {
  const subject = subjectOf(conversationId);
  await keys.ready(subject);
  const sealed = keys.seal(subject, placeOf(conversationId), vault.toText());
  const values = [conversationId, sealed, version];
  const rows = await database.query(
    version === 0
      ? `INSERT INTO vaults (conversation_id, sealed, version) VALUES ($1, $2, $3::integer + 1)
         ON CONFLICT (conversation_id) DO NOTHING RETURNING version`
      : `UPDATE vaults SET sealed = $2, version = version + 1, updated_at = now()
         WHERE conversation_id = $1 AND version = $3 RETURNING version`,
    values,
  );
  return rows.length > 0;
}

const subjectOf = (conversationId: string): string => `vault/${conversationId}`;
const placeOf = (conversationId: string): string => `vaults/${conversationId}/sealed`;
