/** Texts for benchmarks, made here so that every run has the same ones. */

const subjects = [
  'The archive office',
  'A regional clinic',
  'The night train',
  'Our workshop',
  'The river authority',
  'A village school',
  'The observatory',
  'The customs post',
];
const acts = ['keeps', 'repairs', 'measures', 'lends', 'inspects', 'records', 'restores', 'classifies'];
const things = [
  'the old registers',
  'wooden instruments',
  'water levels',
  'printed maps',
  'copper cables',
  'weather reports',
  'glass plates',
  'sealed envelopes',
];
const ends = [
  'every Monday before noon',
  'as long as the light allows',
  'under the rule of 1884',
  'for a small fee',
  'with two witnesses',
  'in three copies',
  'until the frost comes',
  'by order of the council',
];

/** A deterministic run of numbered plain sentences; another `seed`, another text. About 21 tokens a sentence. */
export function prose(sentences: number, seed: number): string {
  let state = (seed * 2_654_435_761) >>> 0;
  const pick = (list: readonly string[]): string => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return list[(state >>> 16) % list.length] ?? '';
  };
  return Array.from(
    { length: sentences },
    (_, index) => `Article ${seed}.${index + 1}. ${pick(subjects)} ${pick(acts)} ${pick(things)} ${pick(ends)}.`,
  ).join(' ');
}

/** Eight questions of about fifteen tokens on one document. */
export const questions: readonly string[] = [
  'Question: which office keeps the registers, and on which day? Answer:',
  'Question: who may borrow the printed maps and at what price? Answer:',
  'Question: what happens to the copper cables when the frost comes? Answer:',
  'Question: how many copies of the weather reports are made? Answer:',
  'Question: under which rule are the glass plates classified today? Answer:',
  'Question: what does the customs post do with sealed envelopes? Answer:',
  'Question: which articles name the observatory and what do they say? Answer:',
  'Question: who must be present when the instruments are restored? Answer:',
];
