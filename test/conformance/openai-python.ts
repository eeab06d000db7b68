import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import type { AliasBook } from '../../src/gateway/index.ts';
import lock from './lock.json' with { type: 'json' };
import { environment, run, sources, workFolder } from './python.ts';

const about = lock['openai-python'];

/** Cases that are left out, and why. */
const left = [
  { match: 'with_all_params', why: 'sends every optional parameter at once; those not served are refused with 400' },
  {
    match: /chat\.test_completions.*test_(method|raw_response|streaming_response)_(retrieve|update|list|delete)/,
    why: 'stored chat completions are not part of this API',
  },
];

const files = ['chat/test_completions.py', 'test_completions.py', 'test_embeddings.py', 'test_models.py'];

export interface Score {
  readonly passed: number;
  readonly failed: number;
  readonly left: number;
}

/**
 * The openai Python package's own resource tests against a running server: loose, strict and aiohttp clients. Cases that
 * delete a model need it there each time: the plugin asks this process to give the alias again before each of them.
 */
export async function runOpenAiPython(options: {
  readonly address: string;
  readonly aliases: AliasBook;
  readonly model: string;
}): Promise<Score> {
  const bin = await environment('openai-python');
  const folder = await sources('openai-python', about);
  const control = createServer((request, response) => {
    options.aliases.add(decodeURIComponent((request.url ?? '/').slice(1)), options.model);
    response.end();
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
  const report = join(workFolder, 'openai-python', 'report.xml');
  try {
    await run(
      join(bin, 'python'),
      [
        '-m',
        'pytest',
        '-o',
        'addopts=',
        '--tb=short',
        '-q',
        '-p',
        'restore_alias',
        `--junitxml=${report}`,
        '-k',
        leftOut,
        ...files.map((file) => join(about.inside, file)),
      ],
      {
        cwd: folder,
        environment: {
          TEST_API_BASE_URL: `${options.address}/v1`,
          CONFORMANCE_CONTROL: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
          PYTHONPATH: [import.meta.dirname, folder].join(delimiter),
          PYTHONDONTWRITEBYTECODE: '1',
        },
      },
    );
  } finally {
    control.close();
  }
  const score = readReport(report);
  for (const { match, why } of left) process.stdout.write(`left out: ${match} — ${why}\n`);
  return score;
}

/** The same list as `left`, in pytest's words. */
const chatOnly = ['retrieve', 'update', 'list', 'delete'].map(
  (name) => `(${['method', 'raw_response', 'streaming_response'].map((kind) => `test_${kind}_${name}`).join(' or ')})`,
);
const leftOut = `not with_all_params and not ((TestCompletions or TestAsyncCompletions) and (${chatOnly.join(' or ')}))`;

function readReport(path: string): Score {
  const text = readFileSync(path, 'utf8');
  const number = (name: string): number =>
    Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  return { passed: number('tests') - failed - number('skipped'), failed, left: number('skipped') };
}
