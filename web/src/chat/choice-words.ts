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

/** What raised a label: a source as the server lists it, or its short form `kind:id`. */
export function sourceWords(say: Say, source: string | Pick<LabelSource, 'kind' | 'id' | 'reason'>): string {
  const [kind = '', ...rest] = typeof source === 'string' ? source.split(/[: ]/) : [source.kind];
  const key = `source.${kind}`;
  if (!(key in i18n.messages)) return typeof source === 'string' ? source : [kind, source.id].filter(Boolean).join(' ');
  const reason = typeof source === 'string' ? rest.join(' ') : (source.reason ?? '');
  return reason ? `${say(key as TextKey)} (${reason})` : say(key as TextKey);
}
