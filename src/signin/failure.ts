import { IntramurosError } from '../base/index.ts';

/** Why somebody else could not say who it is; `wrong` is the person's, the others are the administrator's. */
export type SignInFailure =
  | 'wrong'
  | 'unknown_provider'
  | 'provider_unavailable'
  | 'provider_refused'
  | 'directory_unavailable';

export function signInFailed(reason: SignInFailure, message: string, cause?: unknown): IntramurosError {
  return new IntramurosError('sign_in_failed', message, { cause, facts: { reason } });
}
