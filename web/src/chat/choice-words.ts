import type { Choice, LabelSource, Tier } from '../api/wire-policy.ts';
import type { Format } from '../text/format.ts';
import { i18n, type Say, type TextKey } from '../text/i18n.ts';

/** The reason of a decision in the page's language; policy's own sentence for a reason this page does not know. */
export function reasonWords(say: Say, reason: string, words = ''): string {
  const key = `reason.${reason}`;
  return key in i18n.messages ? say(key as TextKey) : words || reason;
}

export const tierWords = (say: Say, tier: Tier): string => say(`tier.${tier}` as TextKey);

/** Where a place is: its kind, and its country unless it is this machine. */
export function placeWords(say: Say, format: Format, place: Pick<Choice, 'tier' | 'country'>): string {
  const country = place.country && place.tier !== 'embedded' ? ` · ${format.country(place.country)}` : '';
  return `${tierWords(say, place.tier)}${country}`;
}

/** Sources whose id is a name that a person gave, and tells which one. */
const named = ['document', 'tool', 'detector', 'model'];

/** What raised a label: a source as the server lists it, or its short form `kind id`. */
export function sourceWords(say: Say, source: string | Pick<LabelSource, 'kind' | 'id' | 'reason'>): string {
  const [kind = '', ...rest] = typeof source === 'string' ? source.split(/[: ]/) : [source.kind, source.id];
  const key = `source.${kind}`;
  if (!(key in i18n.messages)) return [kind, ...rest].filter(Boolean).join(' ');
  const which =
    typeof source !== 'string' && source.reason ? source.reason : named.includes(kind) ? rest.join(' ') : '';
  return which ? `${say(key as TextKey)} (${which})` : say(key as TextKey);
}
