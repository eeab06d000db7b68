import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  type FileServer,
  openFileServer,
  openHuggingFaceServer,
  openRegistryServer,
  sha256,
} from '../../../test/parts/model-servers.ts';
import { type IntramurosError, silentLog, systemClock } from '../../base/index.ts';
import { openEgress } from '../../egress/index.ts';
import { tensorType, type WritableValue, writeGguf } from '../gguf/index.ts';
import type { PullEvent } from '../types.ts';
import { type ModelLibraryOptions, openModelLibrary } from './library.ts';

const root = await mkdtemp(join(tmpdir(), 'intramuros-pull-'));
after(() => rm(root, { recursive: true }));
let homes = 0;

/** A small real GGUF of a few hundred kilobytes, different for each seed. */
async function gguf(seed: number, kilobytes = 300, extra: readonly (readonly [string, WritableValue])[] = []) {
  const path = join(root, `made-${seed}-${kilobytes}-${extra.length}.gguf`);
  {
    await using file = await open(path, 'w');
    const metadata = new Map<string, WritableValue>([
      ['general.architecture', { type: 'string', value: 'llama' }],
      ['general.name', { type: 'string', value: `Test ${seed}` }],
      ['llama.context_length', { type: 'u32', value: 4096 }],
      ['tokenizer.chat_template', { type: 'string', value: '{{ messages }}' }],
      ...extra,
    ]);
    const values = new Float32Array(kilobytes * 256).map((_, index) => (index * seed) % 1021);
    const data = () => new Uint8Array(values.buffer);
    await writeGguf(file, {
      metadata,
      tensors: [{ name: 'w', type: tensorType(0)!, dimensions: [values.length], data }],
    });
  }
  return readFile(path);
}

async function library(
  options: Partial<ModelLibraryOptions> & { offline?: boolean; url?: string; registry?: string } = {},
) {
  homes += 1;
  const home = options.home ?? join(root, `home-${homes}`);
  await mkdir(home, { recursive: true });
  const egress = openEgress({ offline: options.offline ?? false, log: silentLog(), clock: systemClock });
  after(() => egress.close());
  const opened = await openModelLibrary({
    home,
    egress,
    settings: {
      huggingFaceUrl: options.url ?? 'http://127.0.0.1:9',
      registryUrl: options.registry ?? 'http://127.0.0.1:9',
      useFoundModels: true,
    },
    log: silentLog(),
    environment: { HOME: home },
    retryDelayMs: 5,
    reserveBytes: 0,
    ...options,
  });
  return { library: opened, home, egress };
}

async function pull(opened: Awaited<ReturnType<typeof library>>['library'], reference: string, signal?: AbortSignal) {
  const events: PullEvent[] = [];
  for await (const event of opened.pull(reference, signal ? { signal } : {})) events.push(event);
  const last = events.at(-1);
  assert.equal(last?.type, 'done');
  if (last?.type !== 'done') throw new Error('unreachable');
  return { events, model: last.model };
}
const failure = (work: Promise<unknown>): Promise<IntramurosError> =>
  work.then(
    () => assert.fail('must fail'),
    (error: IntramurosError) => error,
  );
const filesOf = async (home: string) =>
  (await readdir(join(home, 'models'), { recursive: true })).filter((name) => /\.(gguf|part|json|lock)$/.test(name));
/** Sizes asked for in the Range headers of a server. */
const ranges = (server: FileServer) => server.seen.map((request) => request.range);

test('Hugging Face: the tree names the file, the redirect its size and hash; the token stays with its host', async () => {
  const body = await gguf(1);
  await using server = await openHuggingFaceServer(
    'o/r-GGUF',
    { 'm-IQ4_K_M.gguf': await gguf(2), 'm-Q4_K_M.gguf': body },
    { token: 't' },
  );
  const { library: opened, home } = await library({ url: server.url, environment: { HOME: root, HF_TOKEN: 't' } });
  const { model, events } = await pull(opened, 'hf.co/o/r-GGUF:q4_k_m');
  assert.equal(model.id, 'hf.co/o/r-GGUF:Q4_K_M');
  assert.equal(model.sha256, sha256(body));
  assert.deepEqual(model.origin, { kind: 'huggingface', detail: 'o/r-GGUF m-Q4_K_M.gguf' });
  assert.deepEqual(await readFile(model.files[0]!), body);
  assert.deepEqual(model.capabilities, ['chat', 'completion']);
  assert.equal(events[0]?.type, 'looking');
  assert.ok(events.some((event) => event.type === 'progress' && event.totalBytes === body.length));
  assert.deepEqual(
    server.storage.seen.map((request) => request.authorization),
    [undefined],
  );
  assert.ok(!JSON.stringify(model).includes('secret'), 'a signed address is not kept');
  assert.equal((await filesOf(home)).length, 2, 'the file and its entry, nothing left over');
  assert.equal((await opened.get('hf.co/o/r-GGUF:Q4_K_M')).sizeBytes, body.length);
});

test('Hugging Face: without a token a gated repository is said so; an unknown format lists what there is', async () => {
  await using server = await openHuggingFaceServer('o/r', { 'm-Q8_0.gguf': await gguf(1) }, { token: 't' });
  const gated = await failure(pull((await library({ url: server.url })).library, 'hf.co/o/r'));
  assert.match(gated.message, /needs an accepted licence and a token \(HF_TOKEN\)/);
  const opened = await library({ url: server.url, environment: { HOME: root, HF_TOKEN: 't' } });
  const unknown = await failure(pull(opened.library, 'hf.co/o/r:Q2_K'));
  assert.match(unknown.message, /no file in Q2_K. It has: m-Q8_0.gguf/);
});

test('Hugging Face: all parts of a split model come, and the model is their sum', async () => {
  const part = (no: number) =>
    gguf(20 + no, 50, [
      ['split.no', { type: 'u32', value: no }],
      ['split.count', { type: 'u32', value: 2 }],
    ]);
  // Two parts of one model have tensors of different names; only the counts matter to the library.
  const contents = { 'big/m-Q8_0-00001-of-00002.gguf': await part(0), 'big/m-Q8_0-00002-of-00002.gguf': await part(1) };
  await using server = await openHuggingFaceServer('o/r', contents);
  const { library: opened } = await library({ url: server.url });
  const { model } = await pull(opened, 'hf.co/o/r:Q8_0');
  assert.equal(model.files.length, 2);
  assert.equal(
    model.sizeBytes,
    Object.values(contents).reduce((total, body) => total + body.length, 0),
  );
  assert.equal(model.sha256, undefined);
});

test('registry: manifest, token of the challenge, blob by digest; its template layer is left', async () => {
  const body = await gguf(3);
  await using server = await openRegistryServer('library/tiny', '1b', body, { token: 'anonymous' });
  const { library: opened } = await library({ registry: server.url });
  const { model } = await pull(opened, 'ollama:tiny:1b');
  assert.equal(model.id, 'tiny:1b');
  assert.equal(model.sha256, sha256(body));
  assert.equal(model.origin.kind, 'registry');
  assert.equal(server.seen.filter((request) => request.path.includes('/blobs/')).length, 1);
});

test('a download that is cut goes on where it was, and the whole is checked', async () => {
  // What waits in a buffer of 64 KiB when a connection breaks is lost: the cuts come well after that.
  const body = await gguf(4, 4000);
  await using server = await openFileServer({ '/m.gguf': { body } });
  const cut = { kind: 'cut', afterBytes: 1_500_000 } as const;
  server.faults.push(cut, { kind: 'status', status: 503 }, cut);
  const { library: opened } = await library();
  const { model } = await pull(opened, `${server.url}/m.gguf`);
  assert.deepEqual(await readFile(model.files[0]!), body);
  const asked = ranges(server);
  assert.equal(asked.length, 4);
  assert.equal(asked[0], undefined);
  const starts = asked.slice(1).map((range) => Number(/bytes=(\d+)-/.exec(range ?? '')?.[1]));
  assert.ok(starts[0]! > 0 && starts[0] === starts[1] && starts[2]! > starts[1]!, String(asked));
});

test('a pull that was stopped keeps its part; the next one, in a new process of the program, only gets the rest', async () => {
  const body = await gguf(5);
  await using server = await openFileServer({ '/m.gguf': { body } });
  server.faults.push({ kind: 'stall', afterBytes: 120_000 });
  const { library: opened, home } = await library();
  const stop = new AbortController();
  const reason = new Error('stopped by the person');
  const stopped = failure(
    (async () => {
      for await (const event of opened.pull(`${server.url}/m.gguf`, { signal: stop.signal })) {
        if (event.type === 'progress' && event.completedBytes > 0) stop.abort(reason);
      }
    })(),
  );
  assert.equal(await stopped, reason);
  assert.deepEqual(await opened.list(), []);
  const again = await library({ home });
  const { model } = await pull(again.library, `${server.url}/m.gguf`);
  assert.deepEqual(await readFile(model.files[0]!), body);
  assert.match(ranges(server)[1] ?? '', /^bytes=[1-9]\d*-$/);
});

test('a file that changed between two attempts is fetched anew, never sewn together', async () => {
  const first = await gguf(6);
  const second = await gguf(7);
  await using server = await openFileServer({ '/m.gguf': { body: first } });
  server.faults.push({ kind: 'cut', afterBytes: 100_000 });
  server.handler = () => {
    if (server.seen.length === 2) server.files.set('/m.gguf', { body: second });
    return false;
  };
  const { library: opened } = await library();
  const { model } = await pull(opened, `${server.url}/m.gguf`);
  assert.equal(model.sha256, sha256(second));
});

test('servers that ignore ranges, send chunks of no told length, or have no validator give the file all the same', async () => {
  const body = await gguf(8);
  for (const kind of [{ ignoresRanges: true }, { chunked: true }, { etag: 'W/"weak"' }]) {
    await using server = await openFileServer({ '/m.gguf': { body, ...kind } });
    if (!('chunked' in kind)) server.faults.push({ kind: 'cut', afterBytes: 100_000 });
    const { library: opened } = await library();
    const { model } = await pull(opened, `${server.url}/m.gguf`);
    assert.equal(model.sha256, sha256(body), JSON.stringify(kind));
  }
});

test('a file whose SHA-256 differs is deleted and said; nothing is installed', async () => {
  const body = await gguf(9);
  const wrong = Buffer.from(body);
  wrong[wrong.length - 1]! ^= 1;
  await using server = await openHuggingFaceServer('o/r', { 'm-Q8_0.gguf': body });
  server.storage.files.set(`/blob/${sha256(body)}`, { body: wrong });
  const { library: opened, home } = await library({ url: server.url });
  const error = await failure(pull(opened, 'hf.co/o/r'));
  assert.equal(error.code, 'checksum_mismatch');
  assert.match(error.message, /was deleted; pull again/);
  assert.deepEqual(await filesOf(home), []);
});

test('a web page, a 404, JSON in place of a file, a cut file and an adapter are each refused in words and leave nothing', async () => {
  const body = await gguf(10);
  const adapter = await gguf(10, 10, [['general.type', { type: 'string', value: 'adapter' }]]);
  await using server = await openFileServer({
    '/page.gguf': { body: Buffer.from('<html>log in</html>'), type: 'text/html; charset=utf-8' },
    '/json.gguf': { body: Buffer.from('{"error":"no"}') },
    '/cut.gguf': { body: body.subarray(0, body.length - 5000) },
    '/lora.gguf': { body: adapter },
  });
  const { library: opened, home } = await library();
  const of = async (path: string) => {
    const error = await failure(pull(opened, server.url + path));
    return `${error.code}: ${error.message}`;
  };
  assert.match(await of('/page.gguf'), /^pull_failed: .*web page/);
  assert.match(await of('/none.gguf'), /^pull_failed: .*404/);
  assert.match(await of('/json.gguf'), /^model_file_invalid: .*JSON text/);
  assert.match(await of('/cut.gguf'), /^model_file_invalid: .*weights up to byte/);
  assert.match(await of('/lora.gguf'), /^model_unusable: .*adapter/);
  assert.deepEqual(
    (await filesOf(home)).filter((name) => !name.endsWith('.lock')),
    [],
  );
  assert.deepEqual(await opened.list(), []);
});

test('sources are tried in order, each failure told with its reason; when all fail the reasons are in the error', async () => {
  // The catalogue's starter: both servers refuse, and the machine has no pip client.
  await using server = await openFileServer();
  const { library: opened } = await library({ url: server.url, registry: server.url });
  const path = process.env.PATH;
  process.env.PATH = root;
  try {
    const events: PullEvent[] = [];
    const error = await failure(
      (async () => {
        for await (const event of opened.pull('smollm2')) events.push(event);
      })(),
    );
    assert.deepEqual(
      events.map((event) => event.type),
      ['looking', 'source-failed', 'looking', 'source-failed', 'looking', 'source-failed'],
    );
    assert.equal(error.code, 'pull_failed');
    assert.match(error.message, /Hugging Face .*404.*No pip client.*registry smollm2:135m.*404/s);
  } finally {
    process.env.PATH = path;
  }
});

test('offline refuses every source but what is on this disk', async () => {
  const body = await gguf(11);
  const path = join(root, 'Local Model.gguf');
  await writeFile(path, body);
  const { library: opened } = await library({
    offline: true,
    url: 'http://huggingface.invalid',
    registry: 'http://registry.invalid',
  });
  assert.equal((await failure(pull(opened, 'smollm2'))).code, 'egress_denied');
  const { model } = await pull(opened, path);
  assert.equal(model.id, 'local-model');
  assert.equal(model.inPlace, true);
  assert.deepEqual(model.files, [path], 'used where it lies');
  await opened.remove('local-model');
  assert.ok(existsSync(path), 'and never deleted');
  assert.deepEqual(await opened.list(), []);
});

test('a disk that is too small is refused with the figures, before anything is written', async () => {
  const body = await gguf(12);
  await using server = await openFileServer({ '/m.gguf': { body } });
  const { library: opened } = await library({ reserveBytes: 2 ** 60 });
  const error = await failure(pull(opened, `${server.url}/m.gguf`));
  assert.equal(error.code, 'disk_insufficient');
  assert.equal(error.facts.neededBytes, body.length);
  assert.ok(Number(error.facts.freeBytes) > 0);
});

test('two pulls of one model share one download, and one who leaves does not stop the other', async () => {
  const body = await gguf(13, 1000);
  await using server = await openFileServer({ '/m.gguf': { body } });
  const { library: opened } = await library();
  const leave = new AbortController();
  const left = failure(
    (async () => {
      for await (const event of opened.pull(`${server.url}/m.gguf`, { signal: leave.signal })) {
        if (event.type === 'looking') leave.abort(new Error('left'));
      }
    })(),
  );
  const [one, two] = await Promise.all([pull(opened, `${server.url}/m.gguf`), pull(opened, `${server.url}/m.gguf`)]);
  assert.equal((await left).message, 'left');
  assert.deepEqual(one.model, two.model);
  assert.equal(server.seen.length, 1);
});

const child = `
import { openEgress } from ${JSON.stringify(join(import.meta.dirname, '../../egress/index.ts'))};
import { silentLog, systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../base/index.ts'))};
import { openModelLibrary } from ${JSON.stringify(join(import.meta.dirname, 'library.ts'))};
const [home, url, reference] = process.argv.slice(1);
const egress = openEgress({ offline: false, log: silentLog(), clock: systemClock });
const settings = { huggingFaceUrl: url, registryUrl: url, useFoundModels: false };
const library = await openModelLibrary({ home, egress, settings, log: silentLog(), environment: { HOME: home }, reserveBytes: 0 });
for await (const event of library.pull(reference)) console.log(JSON.stringify(event));
await egress.close();
`;
function spawnPull(home: string, url: string, reference: string) {
  const started = spawn(process.execPath, ['--input-type=module-typescript', '-e', child, home, url, reference]);
  let output = '';
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return { child: started, exit: once(started, 'exit'), output: () => output };
}

test('two processes that pull one model share one download', async () => {
  const body = await gguf(14, 1000);
  await using server = await openHuggingFaceServer('o/r', { 'm-Q8_0.gguf': body });
  const { home, library: opened } = await library({ url: server.url });
  const one = spawnPull(home, server.url, 'hf.co/o/r');
  const two = spawnPull(home, server.url, 'hf.co/o/r');
  assert.deepEqual([(await one.exit)[0], (await two.exit)[0]], [0, 0]);
  for (const { output } of [one, two]) assert.match(output(), /"type":"done"/);
  assert.equal(server.storage.seen.length, 1);
  assert.equal((await opened.list()).length, 1);
});

test('a process killed in the middle of a pull leaves a part that the next one completes, and no broken model', async () => {
  const body = await gguf(15, 1000);
  await using server = await openHuggingFaceServer('o/r', { 'm-Q8_0.gguf': body });
  server.storage.faults.push({ kind: 'stall', afterBytes: 400_000 });
  const { home, library: opened } = await library({ url: server.url });
  const killed = spawnPull(home, server.url, 'hf.co/o/r');
  await new Promise<void>((resolve) => {
    killed.child.stdout.on('data', () => /"completedBytes":[1-9]/.test(killed.output()) && resolve());
  });
  killed.child.kill('SIGKILL');
  await killed.exit;
  assert.deepEqual(await opened.list(), []);
  const { model } = await pull(opened, 'hf.co/o/r');
  assert.equal(model.sha256, sha256(body));
  assert.match(server.storage.seen[1]?.range ?? '', /^bytes=[1-9]/);
});

test('progress comes at most every 100 ms within a phase and tells a rate', async () => {
  const body = await gguf(16, 20_000);
  await using server = await openFileServer({ '/m.gguf': { body } });
  const { library: opened } = await library();
  const at: number[] = [];
  for await (const event of opened.pull(`${server.url}/m.gguf`)) {
    if (event.type === 'progress' && event.phase === 'downloading') at.push(event.completedBytes);
  }
  assert.ok(at.length >= 1 && at.length <= 50, `${at.length} events for 20 MB`);
  assert.deepEqual(
    at,
    at.toSorted((a, b) => a - b),
  );
});

test('a name that nothing knows is refused with what was meant, and how Ollama names are asked for', async () => {
  const { library: opened } = await library();
  const error = await failure(pull(opened, 'smolm2:135m'));
  assert.equal(error.code, 'model_not_found');
  assert.match(error.message, /Did you mean "smollm2:135m"/);
  assert.match(error.message, /"ollama:smolm2:135m"/);
});
