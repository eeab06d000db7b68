import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCard } from './identity.ts';
import { readShards } from './read-shards.ts';
import { findShards } from './shards.ts';
import type { AuditRange, AuditRecord } from './types.ts';

/**
 * Reads the record of a data directory without opening it for writing, also while a server writes it.
 * @throws {IntramurosError} `audit_unavailable` when it is damaged.
 */
export async function* readAudit(home: string, range: AuditRange): AsyncGenerator<AuditRecord, void, undefined> {
  const folder = join(home, 'audit');
  if (!existsSync(folder)) return;
  const whole = readCard(folder)?.tombstones.find(({ kinds }) => kinds === 'all');
  const firstSeq = whole === undefined ? 0 : whole.firstSeq + whole.count;
  yield* readShards(findShards(folder, { repair: false, firstSeq }).shards, range);
}
