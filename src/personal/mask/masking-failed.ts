/**
 * Why something could not be masked: something personal stayed in it, the detector failed or took too long, the vault of the
 * conversation cannot be opened, it came as token ids that nobody reads, or this process has no detector.
 */
export type MaskingReason =
  | 'residual'
  | 'detector_failed'
  | 'over_budget'
  | 'vault_unreadable'
  | 'token_ids'
  | 'no_detector';

const words: Readonly<Record<MaskingReason, string>> = {
  residual: 'Something that reads like personal data stayed after they were replaced.',
  detector_failed: 'What finds them failed.',
  over_budget: 'Finding them took too long: ask with less text.',
  vault_unreadable:
    'Those that this conversation already replaced cannot be read: their key is away, or what was kept is damaged. Ask in a new conversation, or have the key restored.',
  token_ids: 'They cannot be found in token ids: send text.',
  no_detector: 'This process has nothing that finds them.',
};

/** Nothing may go out: what is personal in it could not be replaced for certain. */
export class MaskingFailedError extends Error {
  override readonly name = 'MaskingFailedError';
  readonly reason: MaskingReason;
  constructor(reason: MaskingReason, options?: ErrorOptions) {
    super(words[reason], options);
    this.reason = reason;
  }
}
