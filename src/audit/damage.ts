import { IntramurosError } from '../base/index.ts';

/** The failure of a record file that cannot be what this product wrote. */
export function damage(path: string, what: string): IntramurosError {
  return new IntramurosError(
    'audit_unavailable',
    `The record ${path} is damaged: ${what}. Nothing was changed. Put the file back from a backup, or move the folder "audit" aside to begin a new record, and keep the old one for whoever must know.`,
    { facts: { path, reason: 'damaged', what } },
  );
}

/** The failure of a record that cannot be written or read now. */
export function unavailable(path: string, cause: unknown): IntramurosError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  return new IntramurosError(
    'audit_unavailable',
    `The record ${path} cannot be kept (${reason}), so nothing may be sent to another machine. Free space or correct the rights of the folder; it goes on by itself.`,
    { cause, facts: { path, reason } },
  );
}
