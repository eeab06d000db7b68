/** The tuning process: writes the candidates, compares and times them, and reports. It can open no socket and keeps nothing. */
import { rmSync, statSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { confineProcess, formatBytes, IntramurosError, toProblem } from '../../base/index.ts';
import { type FileFormat, openLibrary, quantizeModel } from '../native/index.ts';
import { type Bench, measureLoss, measureSpeed, openBench } from './measure.ts';
import type { FromTuning, Measurement, TuneJob, TunePhase } from './protocol.ts';
import { hopelessKld, mostKld } from './verdict.ts';

confineProcess();

function send(message: FromTuning): Promise<void> {
  return new Promise((resolve) => (process.connected ? process.send?.(message, () => resolve()) : resolve()));
}

async function tune(job: TuneJob): Promise<void> {
  const library = openLibrary();
  const measurements: Measurement[] = [];
  await checkDisk(job);
  const original = await openBench(library, job.file, job.threads);
  for (const [turn, format] of job.formats.entries()) {
    const report = (phase: TunePhase, share: number, words: string): void =>
      void send({ type: 'progress', phase, progress: (turn + share) / job.formats.length, words });
    measurements.push(await tryFormat(job, format, original, report));
  }
  await send({ type: 'done', measurements, library: library.version });
}

/** A dry run of every format, before the first byte is written. */
async function checkDisk({ file, directory, formats, threads, diskBytes }: TuneJob): Promise<void> {
  let needed = 0;
  for (const format of formats) {
    const target = join(directory, `${format}.gguf`);
    const { quantizedBytes } = await quantizeModel({ file, target, format, threads, requantize: true, dryRun: true });
    needed = Math.max(needed, quantizedBytes);
  }
  if (needed <= diskBytes) return;
  throw new IntramurosError(
    'disk_insufficient',
    `The tuned copy needs ${formatBytes(needed)} on the disk of ${directory}; ${formatBytes(diskBytes)} may be used. Free some space ("intramuros rm" removes a model).`,
    { facts: { neededBytes: needed, freeBytes: diskBytes } },
  );
}

async function tryFormat(
  { file, directory, threads }: TuneJob,
  format: FileFormat,
  original: Bench,
  report: (phase: TunePhase, share: number, words: string) => void,
): Promise<Measurement> {
  const target = join(directory, `${format}.gguf`);
  const name = format.toUpperCase();
  report('encoding', 0, `Writing a copy as ${name}`);
  await quantizeModel({ file, target, format, threads, requantize: true });
  const candidate = await openBench(original.context.model.library, target, threads);
  try {
    const loss = await measureLoss(original, candidate, {
      hopelessKld,
      onProgress: (share) => report('comparing', 0.3 + share * 0.35, `Comparing ${name} with the pulled file`),
    });
    const result = { format, file: target, sizeBytes: statSync(target).size, ...loss };
    if (loss.kld > mostKld) {
      rmSync(target);
      return result;
    }
    const speed = await measureSpeed(original, candidate, (share) =>
      report('timing', 0.65 + share * 0.35, `Timing ${name} and the pulled file in turn`),
    );
    return { ...result, speed };
  } finally {
    candidate.close();
  }
}

process.on('disconnect', () => process.exit(0));
process.once('message', (job: TuneJob) => {
  // People who are being answered go first; both files are timed at the same priority.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  tune(job)
    .catch((error: unknown) => {
      if (!(error instanceof IntramurosError)) process.stderr.write(`${(error as Error).stack}\n`);
      return send({ type: 'failed', problem: toProblem(error) });
    })
    .finally(() => process.exit(0));
});
