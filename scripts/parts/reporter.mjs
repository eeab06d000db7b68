// What `npm test` prints: a line a file while it runs, then each failure in full, and a summary for test.mjs to add up.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inspect } from 'node:util';

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** A node:test reporter. Writes `{ passed, failed, skipped }` to the file named by INTRAMUROS_TEST_SUMMARY. */
export default async function* report(source) {
  const failures = [];
  const skips = [];
  let total = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (type === 'test:fail' && data.details?.error?.failureType !== 'subtestsFailed') failures.push(data);
    if (type === 'test:pass' && data.skip !== undefined) skips.push(data);
    if (type === 'test:stderr' && process.env.INTRAMUROS_TEST_VERBOSE) yield data.message;
    if (type !== 'test:summary') continue;
    const { counts } = data;
    if (data.file === undefined) {
      total = {
        passed: counts.passed,
        failed: counts.failed + counts.cancelled,
        skipped: counts.skipped + counts.todo,
      };
    } else {
      const wrong = counts.failed + counts.cancelled;
      yield `${wrong > 0 ? 'FAILED' : 'ok    '} ${relative(process.cwd(), data.file)}: ${counts.passed} of ${counts.tests}, ${seconds(data.duration_ms)}\n`;
    }
  }
  for (const { name, file, skip } of skips) {
    yield `skipped: ${relative(process.cwd(), file ?? '')} "${name}"${typeof skip === 'string' ? `: ${skip}` : ''}\n`;
  }
  for (const { name, file, line, details } of failures) {
    const where = file === undefined ? '' : `${relative(process.cwd(), file)}:${line ?? '?'} `;
    yield `\nFAILED ${where}"${name}"\n${words(details?.error)}\n`;
  }
  if (process.env.INTRAMUROS_TEST_SUMMARY) writeFileSync(process.env.INTRAMUROS_TEST_SUMMARY, JSON.stringify(total));
}

/** The failure itself rather than the runner's wrapping of it. */
function words(error) {
  const cause = error?.cause ?? error;
  return typeof cause === 'object' && cause?.stack ? inspect(cause, { depth: 6 }) : String(cause);
}
