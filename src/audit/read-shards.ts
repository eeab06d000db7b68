import { damage } from './damage.ts';
import { readLines, readLinesBackwards } from './read-lines.ts';
import type { Shard } from './shards.ts';
import { stubHash } from './stub.ts';
import type { AuditRange, AuditRecord } from './types.ts';

/**
 * Streams a range of the record out of its files; only whole, flushed lines are seen.
 * @throws {IntramurosError} `audit_unavailable` at a line that is no record, or whose number is not the expected one.
 */
export async function* readShards(
  shards: readonly Shard[],
  range: AuditRange,
): AsyncGenerator<AuditRecord, void, undefined> {
  const wanted = shards.map((shard) => ({ ...shard })).filter((shard) => mayHold(shard, range));
  if (range.newestFirst) wanted.reverse();
  let left = range.limit ?? Number.POSITIVE_INFINITY;
  for (const shard of wanted) {
    for await (const record of readShard(shard, range)) {
      if (left <= 0) return;
      left -= 1;
      yield record;
      if (left === 0) return;
    }
  }
}

/** A file's month is never before that of a record in it, so a whole file is skipped by its name. */
function mayHold(shard: Shard, { fromSeq = 0, beforeSeq = Number.POSITIVE_INFINITY, sinceMs }: AuditRange): boolean {
  if (shard.count === 0 || shard.firstSeq >= beforeSeq || shard.firstSeq + shard.count <= fromSeq) return false;
  return sinceMs === undefined || shard.month >= new Date(sinceMs).toISOString().slice(0, 7);
}

async function* readShard(shard: Shard, range: AuditRange): AsyncGenerator<AuditRecord, void, undefined> {
  const { fromSeq = 0, beforeSeq = Number.POSITIVE_INFINITY, newestFirst = false } = range;
  const step = newestFirst ? -1 : 1;
  let seq = newestFirst ? shard.firstSeq + shard.count - 1 : shard.firstSeq;
  const lines = newestFirst ? readLinesBackwards(shard.path, shard.bytes) : readLines(shard.path, shard.bytes);
  for await (const line of lines) {
    const outside = newestFirst ? seq < fromSeq : seq >= beforeSeq;
    if (outside) return;
    const skipped = newestFirst ? seq >= beforeSeq : seq < fromSeq;
    if (!skipped) {
      const record = parse(shard.path, line, seq);
      if (record !== undefined && isWanted(record, range)) yield record;
    }
    seq += step;
  }
}

function isWanted(record: AuditRecord, { kinds, sinceMs }: AuditRange): boolean {
  return (
    (kinds === undefined || kinds.includes(record.kind)) && (sinceMs === undefined || Date.parse(record.at) >= sinceMs)
  );
}

/** Undefined for a line whose time had come. */
function parse(path: string, line: Buffer, seq: number): AuditRecord | undefined {
  if (stubHash(line) !== undefined) return undefined;
  let record: AuditRecord;
  try {
    record = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw damage(path, `the line of number ${seq} is not JSON (${(error as Error).message})`);
  }
  if (record.seq !== seq) throw damage(path, `number ${record.seq} stands where ${seq} was expected`);
  return record;
}
