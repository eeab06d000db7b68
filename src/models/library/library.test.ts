import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { starterModelFile } from '../../../test/parts/starter-model.ts';
import { silentLog, systemClock } from '../../base/index.ts';
import { openEgress } from '../../egress/index.ts';
import { sha256OfFile } from '../sources/hash.ts';
import type { DiskLibrary, InstalledModel, TunedCopy } from '../types.ts';
import { openModelLibrary } from './library.ts';

const root = await mkdtemp(join(tmpdir(), 'intramuros-library-'));
after(() => rm(root, { recursive: true }));
const egress = openEgress({ offline: true, log: silentLog(), clock: systemClock });
after(() => egress.close());
const starterSha256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
let homes = 0;

async function open(options: { home?: string; environment?: NodeJS.ProcessEnv; useFoundModels?: boolean } = {}) {
  homes += 1;
  const home = options.home ?? join(root, `home-${homes}`);
  const settings = {
    huggingFaceUrl: 'https://huggingface.invalid',
    registryUrl: 'https://registry.invalid',
    useFoundModels: options.useFoundModels ?? true,
  };
  const environment = options.environment ?? { HOME: join(root, 'nobody') };
  const library = await openModelLibrary({ home, egress, settings, log: silentLog(), environment, reserveBytes: 0 });
  return { library, home };
}

async function pull(library: DiskLibrary, reference: string): Promise<InstalledModel> {
  for await (const event of library.pull(reference)) if (event.type === 'done') return event.model;
  assert.fail('no model came');
}

/** A model whose file is the library's own, as a download leaves it. */
async function withOwnModel() {
  const { library, home } = await open();
  const model = await pull(library, await starterModelFile());
  const folder = await library.folderOf(model.id);
  const file = join(folder, 'model.gguf');
  await cp(await starterModelFile(), file);
  const manifest = join(home, 'models', 'manifests', (await readdir(join(home, 'models', 'manifests')))[0]!);
  const entry = JSON.parse(await readFile(manifest, 'utf8'));
  await writeFile(manifest, JSON.stringify({ ...entry, files: [file], inPlace: false }));
  return { library, home, file, manifest, id: model.id };
}

const tuned = (file: string): TunedCopy => ({
  file,
  quantization: 'Q8_0',
  sizeBytes: 3,
  sha256: '00',
  kld: 0.005,
  sameTopToken: 0.95,
  prefillTokensPerSecond: 380,
  decodeTokensPerSecond: 96,
  original: { prefillTokensPerSecond: 152, decodeTokensPerSecond: 79 },
  measuredOn: 'a processor',
  madeAt: '2026-01-01T00:00:00.000Z',
  enabled: true,
});

test('a file brought in by path is known for what it is by its checksum', async () => {
  const { library } = await open();
  const model = await pull(library, await starterModelFile());
  assert.equal(model.id, 'smollm2:135m');
  assert.equal(model.title, 'SmolLM2 135M Instruct');
  assert.equal(model.sha256, starterSha256);
  assert.equal(model.parameterCount, 134_515_008);
  assert.equal(model.bitsPerWeight, 5.744);
  assert.equal(model.licence, 'apache-2.0');
  assert.deepEqual(model.capabilities, ['chat', 'completion']);
});

test('a model is found by its id, its alias and in any case of letters; a missing one says how to get it', async () => {
  const { library } = await open();
  await pull(library, await starterModelFile());
  for (const name of ['smollm2:135m', 'smollm2', 'SmolLM2:135M']) {
    assert.equal((await library.get(name)).id, 'smollm2:135m', name);
  }
  assert.equal(await library.find('qwen3:8b'), undefined);
  await assert.rejects(library.get('qwen3'), {
    code: 'model_not_found',
    message: /"qwen3" is not installed. Installed: smollm2:135m. Get it with "intramuros pull qwen3:8b"/,
  });
});

test('what is installed survives a new start, and a data directory that was moved', async () => {
  const { library, home, id } = await withOwnModel();
  const folder = await library.folderOf(id);
  await writeFile(join(folder, 'tuned.gguf'), 'abc');
  await library.setTuned(id, tuned(join(folder, 'tuned.gguf')));
  const moved = `${home}-moved`;
  await rename(home, moved);
  const model = await (await open({ home: moved })).library.get(id);
  assert.equal(model.files[0]?.startsWith(moved), true);
  assert.equal(model.tuned?.file.startsWith(moved), true);
  assert.deepEqual({ ...model.tuned, file: '' }, { ...tuned(''), file: '' });
});

test('removing a model deletes its own files with its tuned copy, and what is left is as before', async () => {
  const { library, home, file, id } = await withOwnModel();
  const copy = join(dirname(file), 'tuned.gguf');
  await writeFile(copy, 'abc');
  await library.setTuned(id, tuned(copy));
  await library.remove('smollm2');
  assert.deepEqual([existsSync(file), existsSync(copy)], [false, false]);
  assert.deepEqual(await readdir(join(home, 'models', 'files')), []);
  assert.deepEqual(await library.list(), []);
  await assert.rejects(library.remove(id), { code: 'model_not_found' });
});

test('a cut or missing file and a broken entry are said, and the other models go on', async () => {
  const { library, home, file, manifest, id } = await withOwnModel();
  await truncate(file, 1000);
  const cut = await library.find(id);
  assert.match(cut?.problem ?? '', /1000 bytes\) instead of 98362432 bytes: it was cut/);
  await assert.rejects(library.get(id), { code: 'model_unusable', message: /cut or changed/ });
  await rm(file);
  assert.match((await library.find(id))?.problem ?? '', /is missing/);
  const other = join(root, 'other.gguf');
  await cp(await starterModelFile(), other);
  await writeFile(manifest, '{"version": 1, "id": "half');
  await writeFile(join(home, 'models', 'manifests', 'newer.json'), '{"version": 2}');
  assert.deepEqual(await library.list(), []);
  const problems = await library.problems();
  assert.equal(problems.length, 2);
  assert.match(problems[0] ?? '', /cannot be used: .*Pull the model again/);
  assert.equal((await pull(library, other)).id, 'smollm2:135m', 'a pull repairs the entry');
  assert.equal((await library.get('smollm2')).problem, undefined);
});

test("Ollama's, LM Studio's and Hugging Face's models are listed, used where they lie, and only forgotten", async () => {
  const starter = await starterModelFile();
  const home = join(root, 'person');
  const blobs = join(home, '.ollama', 'models', 'blobs');
  const manifests = join(home, '.ollama', 'models', 'manifests', 'registry.ollama.ai', 'library', 'mine');
  await mkdir(blobs, { recursive: true });
  await mkdir(manifests, { recursive: true });
  await symlink(starter, join(blobs, `sha256-${starterSha256}`));
  const layer = {
    mediaType: 'application/vnd.ollama.image.model',
    digest: `sha256:${starterSha256}`,
    size: 98_362_432,
  };
  await writeFile(join(manifests, '1b'), JSON.stringify({ layers: [layer] }));
  await writeFile(join(manifests, 'broken'), '{');
  const studio = join(home, '.lmstudio', 'models', 'owner', 'repo-GGUF');
  await mkdir(studio, { recursive: true });
  await symlink(starter, join(studio, 'SmolLM2-Q4_1.gguf'));
  await writeFile(join(studio, 'mmproj-model.gguf'), 'not a model');
  await writeFile(join(studio, 'cut-Q8_0.gguf'), 'GGUF');
  const hub = join(home, '.cache', 'huggingface', 'hub', 'models--a--b');
  await mkdir(join(hub, 'snapshots', 'abc'), { recursive: true });
  await mkdir(join(hub, 'blobs'));
  await symlink(starter, join(hub, 'blobs', starterSha256));
  await symlink(join(hub, 'blobs', starterSha256), join(hub, 'snapshots', 'abc', 'b.Q4_1.gguf'));

  const environment = { HOME: home };
  const { library, home: data } = await open({ environment });
  const found = await library.list();
  assert.deepEqual(
    found.map((model) => [model.id, model.origin.kind, model.inPlace, model.parameterCount]),
    [
      ['mine:1b', 'ollama-cache', true, 134_515_008],
      ['hf.co/owner/repo-GGUF:Q4_1', 'lm-studio-cache', true, 134_515_008],
      ['hf.co/a/b:Q4_1', 'huggingface-cache', true, 134_515_008],
    ],
  );
  assert.equal((await library.get('mine:1b')).sha256, starterSha256);
  await library.remove('mine:1b');
  assert.ok(existsSync(join(blobs, `sha256-${starterSha256}`)), 'only forgotten');
  assert.equal(
    await (await open({ home: data, environment })).library.find('mine:1b'),
    undefined,
    'also after a new start',
  );
  assert.equal((await pull(library, 'mine:1b')).id, 'mine:1b', 'a pull brings it back, offline');

  // The same bytes under a catalogue name: taken from the disk, with no network.
  const starterModel = await pull(library, 'smollm2');
  assert.equal(starterModel.id, 'smollm2:135m');
  assert.equal(starterModel.origin.kind, 'ollama-cache');
  assert.equal(await sha256OfFile(starterModel.files[0]!), starterSha256);
  assert.deepEqual(await readdir(join(data, 'models', 'files')), [], 'nothing was copied');
  assert.deepEqual((await open({ environment, useFoundModels: false })).library.list() instanceof Promise, true);
  assert.deepEqual(await (await open({ environment, useFoundModels: false })).library.list(), []);
});

test('two files of one name do not replace each other', async () => {
  const { library } = await open();
  const folders = [join(root, 'one'), join(root, 'two')];
  const made: string[] = [];
  for (const [index, folder] of folders.entries()) {
    await mkdir(folder);
    const file = join(folder, 'same.gguf');
    const bytes = await readFile(await starterModelFile());
    bytes[bytes.length - 1] = index + 1; // no longer the starter's checksum
    await writeFile(file, bytes);
    made.push((await pull(library, file)).id);
  }
  assert.deepEqual(made, ['same', 'same-2']);
  assert.equal((await pull(library, join(folders[0]!, 'same.gguf'))).id, 'same', 'the same file keeps its name');
});
