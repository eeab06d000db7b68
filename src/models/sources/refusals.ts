import { IntramurosError } from '../../base/index.ts';
import type { EgressResponse } from '../../egress/index.ts';

/** A server that may answer later. */
export function busy(host: string, status: number): IntramurosError {
  return new IntramurosError('egress_failed', `${host} is busy or broken just now (HTTP ${status}). Try again later.`, {
    facts: { host, reason: 'busy', status },
  });
}

export function webPage(host: string): IntramurosError {
  return new IntramurosError(
    'pull_failed',
    `${host} answered a web page instead of a file: a login page, or the address of a page about the file.`,
    { facts: { host, reason: 'web-page' } },
  );
}

/** An answer that another try would not change. */
export function refuseStatus(response: Pick<EgressResponse, 'status' | 'url'>, url: string): IntramurosError {
  const { host } = new URL(response.url);
  return new IntramurosError('pull_failed', `${host} ${wordsOf(response.status)}.`, {
    facts: { host, url: withoutQuery(url), status: response.status },
  });
}

function wordsOf(status: number): string {
  if (status === 401 || status === 403) {
    return `does not let us have it (HTTP ${status}): the name is wrong, or it needs an accepted licence and a token (HF_TOKEN)`;
  }
  if (status === 404 || status === 410) return `does not have it (HTTP ${status}). Check the name`;
  return `answered HTTP ${status}`;
}

/** Signed addresses carry secrets in their query. */
function withoutQuery(url: string): string {
  return url.split('?')[0] ?? url;
}
