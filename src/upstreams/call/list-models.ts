import type { FoundModel } from '../kinds/kind.ts';
import { toStatusFailure } from '../wire/status.ts';
import { parseJson } from './embed.ts';
import { joined, type Line, toCallFailure } from './exchange.ts';
import { Watch } from './watch.ts';

/** Ledger word of health checks and lists of models: GET alone, and nothing of anybody's. */
export const checkPurpose = 'upstream-check';
const mostReplyBytes = 8 * 1024 * 1024;
const waitMs = 10_000;

/** The models that one replica lists; undefined where the API has no such question. It needs no clearance. */
export async function listModels(
  line: Line,
  url: string,
  signal?: AbortSignal,
): Promise<readonly FoundModel[] | undefined> {
  const { upstream, egress, kind, clock } = line;
  if (kind.models === undefined) return undefined;
  const target = new URL(joined(url, kind.models.path));
  const call = { url: target, request: kind.models };
  const signed = await kind.sign(call, line.secret(), upstream.region, new Date(clock.now()));
  using watch = new Watch(upstream.timeouts, upstream.title, waitMs, signal);
  try {
    const response = await egress.fetch(target, {
      purpose: checkPurpose,
      headers: { ...kind.models.headers, ...signed },
      signal: watch.signal,
      redirects: 0,
      connectTimeoutMs: upstream.timeouts.connectMs,
    });
    const text = await response.text(mostReplyBytes);
    const { status, headers } = response;
    if (status < 200 || status > 299)
      throw toStatusFailure({ status, headers, text, sent: '', title: upstream.title, modelName: '' });
    return kind.readModels(parseJson(text, upstream.title));
  } catch (error) {
    throw toCallFailure(error, watch.signal, upstream.title);
  }
}
