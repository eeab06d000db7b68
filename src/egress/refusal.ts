import { IntramurosError } from '../base/index.ts';

/** Why the door refused, in a word that a page can translate. */
export type RefusalReason = 'offline' | 'not-allowed' | 'clearance' | 'address' | 'limit' | 'redirect' | 'guard';

const words: Readonly<Record<RefusalReason, string>> = {
  offline: 'this installation is offline. Set "offline" to false to allow it, or bring the file in by path',
  'not-allowed':
    'it is not on the list of what may be reached for this purpose. "intramuros egress status" shows the list',
  clearance: 'no valid decision of the policy allows it',
  address: 'its address may not be dialled',
  limit: 'more would be sent than was decided',
  redirect: 'a redirect is not followed where a decision was made for one address',
  guard: 'only the door of this program may open connections',
};

/** The refusal of a connection as `egress_denied`. */
export function denied(host: string, reason: RefusalReason, detail?: string): IntramurosError {
  const why = detail === undefined ? words[reason] : `${words[reason]} (${detail})`;
  return new IntramurosError('egress_denied', `A connection to ${host} was refused: ${why}.`, {
    facts: { host, reason },
  });
}
