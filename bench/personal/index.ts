import { parseArgs } from 'node:util';
import { type Detector, entityKinds, openDetector } from '../../src/personal/index.ts';
import { makeCorpus, type Sentence } from '../../test/parts/personal/corpus.ts';
import {
  type Counts,
  checksumKinds,
  precision,
  recall,
  type Score,
  score,
  sum,
} from '../../test/parts/personal/score.ts';
import { detectionSpeed } from '../../test/parts/personal/speed.ts';
import { printAgainstLimit, printComparison } from '../result.ts';
import { askPresidio, type Presidio } from './presidio.ts';

const say = (line: string): void => console.log(line);
const share = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(3));

/** `npm run -s bench -- personal [--presidio no] [--seed n]`: what is found, what is missed, how fast; Presidio beside. */
export async function benchPersonal(commandArguments: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...commandArguments],
    options: { presidio: { type: 'string', default: 'yes' }, seed: { type: 'string', default: '20261124' } },
  });
  const corpus = makeCorpus(Number(values.seed));
  const hard = corpus.filter((sentence) => sentence.hard).length;
  say(`corpus: ${corpus.length} sentences, ${hard} of them hard negatives, seed ${values.seed}`);
  const detector = openDetector();
  say(`detectors: ${detector.version}`);
  const presidio = values.presidio === 'no' ? undefined : await tryPresidio(corpus);
  for (const half of ['tuned', 'held-out'] as const) report(half, corpus, detector, presidio);
  speed(detector, corpus, presidio);
}

async function tryPresidio(corpus: readonly Sentence[]): Promise<Presidio | undefined> {
  try {
    return await askPresidio(corpus.map(({ text }) => text));
  } catch (error) {
    say(`Presidio is left out: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function report(
  half: Sentence['half'],
  corpus: readonly Sentence[],
  detector: Detector,
  presidio: Presidio | undefined,
): void {
  const sentences = corpus.filter((sentence) => sentence.half === half);
  const ours = score(sentences, ({ text }) => detector.find(text));
  const places = new Map(corpus.map((sentence, at) => [sentence, at]));
  const theirs = presidio && score(sentences, (sentence) => presidio.findings[places.get(sentence)!]!);
  say(`\n${half}: ${sentences.length} sentences`);
  say('kind              entities  recall  precision  | Presidio recall  precision');
  for (const kind of entityKinds) line(kind, ours.kinds.get(kind)!, theirs?.kinds.get(kind));
  line('checksums', sum(ours.kinds, checksumKinds), theirs && sum(theirs.kinds, checksumKinds));
  line('characters', ours.characters, theirs?.characters);
  say(`hard negatives disturbed: ${ours.disturbed}${theirs ? ` | ${theirs.disturbed}` : ''}`);
  results(half, ours, theirs);
}

function line(name: string, ours: Counts, theirs: Counts | undefined): void {
  if (ours.wanted + ours.right + ours.wrong === 0) return;
  const beside = theirs ? `  | ${share(recall(theirs)).padStart(15)}  ${share(precision(theirs)).padStart(9)}` : '';
  say(
    `${name.padEnd(16)}  ${String(ours.wanted).padStart(8)}  ${share(recall(ours)).padStart(6)}  ${share(precision(ours)).padStart(9)}${beside}`,
  );
}

function results(half: string, ours: Score, theirs: Score | undefined): void {
  const checksums = sum(ours.kinds, checksumKinds);
  const persons = ours.kinds.get('PERSON')!;
  const missed = (name: string, value: number, most: number): void =>
    printAgainstLimit(`personal-${half}-${name}`, 1 - value, most, 'share');
  missed('checksums-missed', recall(checksums), 0.01);
  missed('checksums-wrong', precision(checksums), 0.03);
  missed('names-missed', recall(persons), 0.1);
  missed('names-wrong', precision(persons), 1);
  missed('characters-missed', recall(ours.characters), 1);
  if (!theirs) return;
  const compare = (name: string, of: (score: Score) => number): void =>
    printComparison({
      name: `personal-${half}-${name}-beside-presidio`,
      ours: of(ours),
      theirs: of(theirs),
      goal: { atLeast: 1 },
      unit: 'share',
    });
  compare('names-recall', ({ kinds }) => recall(kinds.get('PERSON')!));
  compare('names-precision', ({ kinds }) => precision(kinds.get('PERSON')!));
  compare('characters-recall', ({ characters }) => recall(characters));
  compare('characters-precision', ({ characters }) => precision(characters));
}

function speed(detector: Detector, corpus: readonly Sentence[], presidio: Presidio | undefined): void {
  const { megabytesPerSecond, p50Ms, p99Ms, bytes } = detectionSpeed(detector, corpus);
  say(
    `\nspeed: ${megabytesPerSecond.toFixed(2)} MB/s of processor time over ${(bytes / 1e6).toFixed(1)} MB; 4 KB: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`,
  );
  printComparison({
    name: 'personal-megabytes-a-second',
    ours: megabytesPerSecond,
    theirs: 1,
    goal: { atLeast: 1 },
    unit: 'MB/s',
  });
  printAgainstLimit('personal-4kb-p99', p99Ms, 2, 'ms');
  if (!presidio) return;
  const theirs = Buffer.byteLength(corpus.map(({ text }) => text).join('\n')) / 1e6 / presidio.seconds;
  printComparison({
    name: 'personal-speed-beside-presidio',
    ours: megabytesPerSecond,
    theirs,
    goal: { atLeast: 1 },
    unit: 'MB/s',
  });
}
