import { type ErrorFacts, IntramurosError } from '../../base/index.ts';

/**
 * A failure of the other side. `facts.reason` is a stable word: `broken_stream`, `not_the_api`, `line_too_long`,
 * `content_filter`, `in_stream`, `status`, `wrong_key`, `model_unknown`, `wrong_address`, `rate_limited`, `overloaded` …
 */
export function upstreamFailed(
  reason: string,
  words: string,
  facts: ErrorFacts = {},
  cause?: unknown,
): IntramurosError {
  return new IntramurosError('upstream_failed', words, {
    facts: { reason, ...facts },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What this kind of upstream cannot honour is refused, never dropped. */
export function unsupported(parameter: string, kind: string, instead = 'Leave it out'): IntramurosError {
  return new IntramurosError(
    'unsupported_parameter',
    `"${parameter}" cannot be honoured by an upstream of kind ${kind}. ${instead}.`,
    { facts: { parameter } },
  );
}

const windowLength = 16;
const longestWords = 300;

/**
 * The other side's own words, fit for a message: short, on one line, without keys, and left out altogether when they
 * repeat a piece of what was sent, as prompts never enter a message or a log.
 */
export function safeWords(words: unknown, sent: string): string {
  if (typeof words !== 'string' || words.trim() === '') return '';
  const line = words
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/\b(sk|key|pk|AKIA|ASIA|Bearer)[-_ ]?[\w*.-]{8,}/g, '…')
    .slice(0, longestWords)
    .trim();
  for (let at = 0; at + windowLength <= line.length; at += windowLength / 2) {
    if (sent.includes(line.slice(at, at + windowLength))) return '(its words repeat the request and are left out)';
  }
  return line;
}
