import type { Detector, EntityKind, Found } from '../../personal/index.ts';
import { type LabelSource, toLabel } from '../../policy/index.ts';
import type { EmbedTurn, Passage, RelayTurn, Turn } from './types.ts';

/** Texts that somebody sends; undefined for what nobody can read, such as token ids. */
export type SentTexts = () => readonly string[] | undefined;

/** What is about things or institutions, or says where something is: no person is known by it. */
const impersonal: ReadonlySet<EntityKind> = new Set([
  'SIREN',
  'SIRET',
  'VAT',
  'FINESS',
  'URL',
  'PLACE',
  'ORGANISATION',
  'SECRET',
]);

/** Below this a name alone is a guess: enough to replace it, too little to mark a whole conversation. */
const leastScore = 0.6;

/**
 * What the detectors say of a request, where the house lets them mark it: mention PII for what tells of persons, SECRETS for
 * keys and passwords. What cannot be looked through counts as both, so that it stays inside.
 */
export function detectedLabels({ rooms, id }: Pick<Passage, 'rooms' | 'id'>, texts: SentTexts): readonly LabelSource[] {
  const { personal, log } = rooms;
  if (!personal?.marks) return [];
  try {
    const read = texts();
    if (read === undefined) return [unread('It is no text that can be looked through.')];
    const detector = personal.detector();
    return sourcesOf(read.flatMap((text) => findWithin(detector, text)));
  } catch (error) {
    log.warn({ run: id, err: error }, 'personal data could not be looked for: what was sent counts as full of it');
    return [unread('It could not be looked through.')];
  }
}

/** An address on the net is one finding; a mail address or an account number inside it tells of somebody all the same. */
function findWithin(detector: Detector, text: string): readonly Found[] {
  const found = detector.find(text);
  const urls = found.filter(({ kind }) => kind === 'URL').map(({ start, end }) => text.slice(start, end));
  if (urls.length === 0) return found;
  return [...found, ...detector.find(urls.join('\n').replaceAll(/[:/?&=#;]+|www\./g, ' \n'))];
}

function sourcesOf(found: readonly Found[]): readonly LabelSource[] {
  const secrets = found.filter(({ kind }) => kind === 'SECRET');
  const personal = found.filter(
    ({ kind, score, checked }) => !impersonal.has(kind) && (checked || score >= leastScore),
  );
  return [
    ...(personal.length > 0 ? [source('personal-data', ['PII'], countsOf(personal))] : []),
    ...(secrets.length > 0 ? [source('secrets', ['SECRETS'], countsOf(secrets))] : []),
  ];
}

const unread = (reason: string): LabelSource => source('not-looked-through', ['PII', 'SECRETS'], reason);

function source(id: string, mentions: readonly string[], reason: string): LabelSource {
  return { kind: 'detector', id, label: toLabel({ level: 'PUBLIC', mentions }), reason };
}

/** `NIR 1, PERSON 2`: kinds and numbers, nothing of the text. */
function countsOf(found: readonly Found[]): string {
  const counts = new Map<EntityKind, number>();
  for (const { kind } of found) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${kind} ${count}`).join(', ');
}

/** The texts of a question; of a stored conversation the new one, as those before marked it when they came. */
export const textsOfTurn =
  ({ input }: Turn): SentTexts =>
  () => {
    if (input.kind === 'chat') return input.messages.map(({ content }) => content);
    if (input.kind === 'text') return [input.text];
    if (input.kind === 'tokens') return undefined;
    return input.target.kind === 'ask' ? [input.target.content] : [];
  };

export const textsOfInputs =
  (inputs: EmbedTurn['inputs']): SentTexts =>
  () => {
    const texts = inputs.filter((input) => typeof input === 'string');
    return texts.length === inputs.length ? texts : undefined;
  };

/** Every string of a body that is handed on as it is. */
export const textsOfBody =
  ({ body }: RelayTurn): SentTexts =>
  () => {
    const texts: string[] = [];
    const waiting: unknown[] = [JSON.parse(body.toString('utf8'))];
    for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
      if (typeof value === 'string') texts.push(value);
      else if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number'))
        return undefined;
      else if (value !== null && typeof value === 'object') waiting.push(...Object.values(value));
    }
    return texts;
  };
