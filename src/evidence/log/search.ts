import type { Audit, AuditKind, AuditRecord } from '../../audit/index.ts';

/** What is looked for in the log. */
export interface LogQuery {
  readonly kinds?: readonly AuditKind[] | undefined;
  readonly actor?: string | undefined;
  /** Stands somewhere in the record, in any case. */
  readonly text?: string | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly beforeSeq?: number | undefined;
  readonly limit: number;
}

const mostScanned = 200_000;

/**
 * Records of the log, newest first. One page looks at 200,000 records at most: where more stand between, it comes back with
 * what it found and with where to go on.
 */
export async function searchLog(
  audit: Pick<Audit, 'read'>,
  query: LogQuery,
): Promise<{ readonly records: readonly AuditRecord[]; readonly nextSeq: number | null }> {
  const { kinds, sinceMs, beforeSeq, limit } = query;
  const records: AuditRecord[] = [];
  const range = {
    newestFirst: true,
    ...(kinds && kinds.length > 0 && { kinds }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(beforeSeq !== undefined && { beforeSeq }),
  };
  let scanned = 0;
  for await (const record of audit.read(range)) {
    scanned += 1;
    if (scanned > mostScanned) return { records, nextSeq: record.seq + 1 };
    if (!isWanted(record, query)) continue;
    if (records.length === limit) return { records, nextSeq: (records.at(-1) as AuditRecord).seq };
    records.push(record);
  }
  return { records, nextSeq: null };
}

function isWanted(record: AuditRecord, { actor, text, untilMs }: LogQuery): boolean {
  if (actor !== undefined && record.actor !== actor) return false;
  if (untilMs !== undefined && Date.parse(record.at) > untilMs) return false;
  return text === undefined || JSON.stringify(record).toLowerCase().includes(text.toLowerCase());
}
