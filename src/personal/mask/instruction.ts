import { placeholderOf } from './placeholder.ts';
import type { Entry, Vault } from './vault.ts';
import type { MaskedKind } from './words.ts';

// More would be read by no model, and cost every answer.
const mostHints = 100;

/**
 * What a model is told of the placeholders in what it reads, in the language of the text: to copy them as they are, and what
 * sentences about a person must agree with. Undefined when there is none.
 */
export function instructionFor(
  vault: Pick<Vault, 'entry'>,
  used: readonly { readonly kind: MaskedKind; readonly number: number }[],
  texts: readonly string[],
): string | undefined {
  if (used.length === 0) return undefined;
  const words = languageOf(texts) === 'fr' ? french : english;
  const people = used
    .filter(({ kind }) => kind === 'PERSON')
    .flatMap(({ kind, number }) => vault.entry(kind, number) ?? [])
    .sort((a, b) => a.number - b.number);
  const hints = people.flatMap((entry) => hintOf(entry, people, words) ?? []).slice(0, mostHints);
  const [first = { kind: 'PERSON', number: 1 }] = used;
  const told = words.rule(placeholderOf(first.kind, first.number));
  return hints.length === 0 ? told : `${told}\n${hints.join('\n')}`;
}

interface Words {
  rule(example: string): string;
  readonly woman: string;
  readonly man: string;
  readonly several: string;
  partOf(whole: string): string;
  readonly colon: string;
}

const french: Words = {
  rule: (example) =>
    `Des noms et des identifiants sont remplacés par des repères comme ${example}. Employez chaque repère comme le nom ou le numéro qu’il remplace, recopiez-le exactement, crochets compris, et n’en inventez aucun.`,
  woman: 'une femme',
  man: 'un homme',
  several: 'plusieurs personnes',
  partOf: (whole) => `la même personne que ${whole}`,
  colon: ' : ',
};
const english: Words = {
  rule: (example) =>
    `Names and identifiers are replaced by placeholders such as ${example}. Use each as the name or number it stands for, copy it exactly, brackets included, and invent none.`,
  woman: 'a woman',
  man: 'a man',
  several: 'several people',
  partOf: (whole) => `the same person as ${whole}`,
  colon: ': ',
};

function hintOf(entry: Entry, people: readonly Entry[], words: Words): string | undefined {
  const whole = people.find((other) => other !== entry && isPartOf(entry.text, other.text));
  const said = [
    entry.plural ? words.several : entry.gender === 'f' ? words.woman : entry.gender === 'm' ? words.man : undefined,
    whole && words.partOf(placeholderOf('PERSON', whole.number)),
  ].filter((one) => one !== undefined);
  return said.length === 0 ? undefined : `${placeholderOf('PERSON', entry.number)}${words.colon}${said.join(', ')}`;
}

/** True for a name whose every word is in a longer one: `Fontaine` of `Claire Fontaine`. */
function isPartOf(part: string, whole: string): boolean {
  const [few, many] = [part, whole].map((name) => name.toLocaleLowerCase('fr').split(/[\s\u00a0.]+/u));
  return (
    few !== undefined && many !== undefined && few.length < many.length && few.every((word) => many.includes(word))
  );
}

const frenchWords = /(?<!\p{L})(?:le|la|les|des|du|une|est|et|que|qui|dans|pour|avec|sur|vous|je|il|elle)(?!\p{L})/giu;
const englishWords = /(?<!\p{L})(?:the|of|and|is|are|to|in|that|for|with|you|it|he|she|an|was)(?!\p{L})/giu;
const enoughText = 4_000;

/** French unless English is plain; the last text, which is the question, counts first. */
export function languageOf(texts: readonly string[]): 'fr' | 'en' {
  for (const text of [texts.at(-1) ?? '', texts.join('\n')]) {
    const part = text.slice(0, enoughText);
    const balance = count(part, frenchWords) - count(part, englishWords);
    if (balance !== 0) return balance > 0 ? 'fr' : 'en';
  }
  return 'fr';
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
