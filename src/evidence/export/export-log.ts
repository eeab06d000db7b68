import type { Audit } from '../../audit/index.ts';
import { toOcsf } from './ocsf.ts';

export const exportFormats = ['jsonl', 'ocsf'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface LogExport {
  readonly format: ExportFormat;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly house: { readonly version: string; readonly machine: string };
}

const pieceBytes = 64 * 1024;

/**
 * The log as lines, one a record, in pieces of about 64 KiB: whatever its length, a reader who is slow holds one piece. In
 * `jsonl` a line is the record byte for byte as it stands in the log, so that its leaf in the tree can be computed again.
 */
export async function* exportLog(
  audit: Pick<Audit, 'read'>,
  { format, sinceMs, untilMs, house }: LogExport,
): AsyncGenerator<string, void, undefined> {
  let piece = '';
  for await (const record of audit.read(sinceMs === undefined ? {} : { sinceMs })) {
    if (untilMs !== undefined && Date.parse(record.at) > untilMs) continue;
    piece += `${JSON.stringify(format === 'ocsf' ? toOcsf(record, house) : record)}\n`;
    if (piece.length < pieceBytes) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
