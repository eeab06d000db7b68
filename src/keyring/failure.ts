import { IntramurosError } from '../base/index.ts';

const backUp = 'Nothing was changed or destroyed. Bring the house key back from your copy, then start again';

const remedies: Readonly<Record<string, string>> = {
  rights: 'Take those rights away: chmod 600',
  EACCES: 'Correct its rights',
  setting: 'Correct the setting "houseKey"',
  form: 'Write 32 bytes there: as base64, as 64 hexadecimal digits, or raw',
  damaged: 'Restore it from a backup',
  not_ready: 'Ask for its key first',
};

/** The failure of a house key or of what is sealed under it. `reason` is a word for programs. */
export function keyUnavailable(
  what: string,
  reason: string,
  facts: Readonly<Record<string, string>> = {},
  cause?: unknown,
): IntramurosError {
  return new IntramurosError('key_unavailable', `${what}. ${remedies[reason] ?? backUp}.`, {
    facts: { reason, ...facts },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The failure of whoever asks for what was erased. */
export function keyDestroyed(at: string): IntramurosError {
  return new IntramurosError(
    'key_destroyed',
    `The key of this text was destroyed on ${at}: it was erased and cannot be read again by anybody.`,
    { facts: { at } },
  );
}
