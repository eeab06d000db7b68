import { type ErrorFacts, IntramurosError } from '../../base/index.ts';
import { safeWords, upstreamFailed } from './failure.ts';

const contextWords =
  /context (length|window|size)|maximum context|too long|exceeds? the available context|context_length_exceeded|exceed_context/i;
const modelWords = /model/i;

/** What is known of a reply that is no answer. */
export interface RefusedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Beginning of its body. */
  readonly text: string;
  /** The request's body: its words may not come back in a message. */
  readonly sent: string;
  readonly title: string;
  readonly modelName: string;
}

/** An HTTP failure status as an error in words that say what to do. */
export function toStatusFailure(reply: RefusedReply): IntramurosError {
  const { status, title, modelName } = reply;
  const told = toldBy(reply.text);
  const words = safeWords(told, reply.sent);
  const tail = words === '' ? '' : ` It said: ${words}`;
  const facts: ErrorFacts = { status };
  if (status >= 300 && status < 400)
    return upstreamFailed(
      'wrong_address',
      `${title} redirects (${status}), and redirects are not followed. Correct its address.`,
      facts,
    );
  if (status === 401 || status === 403)
    return upstreamFailed(
      'wrong_key',
      `${title} refused the key (${status}). Enter its secret anew, or check what the key may do.${tail}`,
      facts,
    );
  if (
    status === 404 ||
    (status === 400 && /model/i.test(told) && /not found|invalid model|does not exist|unknown/i.test(told))
  ) {
    return told !== '' && modelWords.test(told)
      ? upstreamFailed('model_unknown', `${title} does not know the model "${modelName}" (${status}).${tail}`, facts)
      : upstreamFailed(
          'wrong_address',
          `${title} has nothing at this address (404). Check the base address: kind openai usually ends in /v1.`,
          facts,
        );
  }
  if ((status === 400 || status === 413 || status === 422) && contextWords.test(told)) {
    return new IntramurosError(
      'context_exceeded',
      `The prompt does not fit the context of "${modelName}" at ${title}.${tail}`,
      {
        facts,
      },
    );
  }
  if (status === 429 || status === 503 || status === 529) return busy(reply, tail);
  if (status === 408 || status === 504)
    return new IntramurosError('upstream_timeout', `${title} gave up waiting (${status}).${tail}`, {
      facts: { reason: 'status', ...facts },
    });
  if (status === 400 || status === 422) {
    const rejected = { reason: 'rejected', ...facts };
    return new IntramurosError('invalid_request', `${title} did not accept the request (${status}).${tail}`, {
      facts: rejected,
    });
  }
  return upstreamFailed(
    status >= 500 ? 'status' : 'rejected',
    `${title} answered with status ${status}.${tail}`,
    facts,
  );
}

function busy({ status, headers, title }: RefusedReply, tail: string): IntramurosError {
  const seconds = Number(headers['retry-after']);
  const reason = status === 429 ? 'rate_limited' : 'overloaded';
  const what = status === 429 ? 'takes no more requests for now' : 'is overloaded';
  return new IntramurosError('upstream_unavailable', `${title} ${what} (${status}).${tail}`, {
    facts: { reason, status, ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {}) },
  });
}

/** The words of an error body in any of the usual shapes; a page of HTML has none. */
export function toldBy(text: string): string {
  try {
    const body = JSON.parse(text) as Record<string, unknown> | null;
    const error = body?.error as Record<string, unknown> | string | undefined;
    const found = [typeof error === 'string' ? error : error?.message, body?.message, body?.Message, body?.detail];
    return found.find((words): words is string => typeof words === 'string') ?? '';
  } catch {
    return /<html|<!doctype/i.test(text) ? '' : text.slice(0, 500);
  }
}
