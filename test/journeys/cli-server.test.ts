import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CommandResult, runCommand, startCommand, startServe, temporaryHome } from '../parts/command.ts';
import { starterModelFile } from '../parts/starter-model.ts';

const home = temporaryHome();
const quiet = {
  INTRAMUROS_THREADS: '1',
  INTRAMUROS_OPTIMIZE: 'off',
  INTRAMUROS_LOG_LEVEL: 'error',
  INTRAMUROS_USE_FOUND_MODELS: 'false',
};
const run = (
  args: readonly string[],
  more: { input?: string | Uint8Array; environment?: Record<string, string> } = {},
): Promise<CommandResult> =>
  runCommand(args, { home: home.path, ...more, environment: { ...quiet, ...more.environment } });
const json = <T>({ stdout }: CommandResult): T => JSON.parse(stdout) as T;

let model = '';
before(async () => {
  const pulled = await run(['pull', await starterModelFile(), '--json']);
  assert.equal(pulled.code, 0, pulled.stderr);
  const events = pulled.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; model?: { id: string } });
  assert.equal(events.at(-1)?.type, 'done');
  model = events.at(-1)?.model?.id ?? '';
});
after(() => home[Symbol.dispose]());

describe('a model on this disk, without a server', () => {
  test('list and show know it', async () => {
    const { models } = json<{ models: { id: string; runtime: unknown }[] }>(await run(['list', '--json']));
    assert.deepEqual(
      models.map(({ id, runtime }) => [id, runtime]),
      [[model, null]],
    );
    const shown = await run(['show', model], { environment: { LANG: 'fr_FR.UTF-8' } });
    assert.match(shown.stdout, /Paramètres +13[45](,\d)?M[\s\S]*Q4_1[\s\S]*Contexte +8192/);
  });

  test('an answer comes from this process, and --verbose says so', async () => {
    const asked = await run(['ask', 'What is the capital of France?', '-t', '0', '--max-tokens', '12', '--verbose']);
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(asked.stdout, /^\p{L}[\s\S]*\n$/u);
    assert.match(asked.stderr, /No server was running/);
    assert.ok(!existsSync(join(home.path, 'server.json')));
  });

  test('what is no model is refused with what to do', async () => {
    const asked = await run(['ask', '-m', 'nobody', 'hello']);
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /"nobody" is not installed.*smollm2/);
    assert.equal(asked.stdout, '');
    const broken = join(home.path, 'broken.gguf');
    writeFileSync(broken, 'GGUF is not this');
    const pulled = await run(['pull', broken]);
    assert.equal(pulled.code, 1);
    assert.doesNotMatch(pulled.stderr, /\n\s+at /);
  });

  test('the doctor finds all well, and a cut model file not', async () => {
    const well = await run(['doctor', '--json'], { environment: { INTRAMUROS_PORT: '0' } });
    const { findings } = json<{ findings: { check: string; state: string; remedy: string | null }[] }>(well);
    assert.equal(well.code, 0, well.stdout);
    for (const { state, remedy } of findings) assert.equal(remedy === null, state === 'ok');
    const checks = new Set(findings.map(({ check }) => check));
    for (const check of [
      'runtime',
      'processor',
      'memory',
      'gpu',
      'engine',
      'data_directory',
      'disk',
      'settings',
      'port',
      'database',
      'model',
    ]) {
      assert.ok(checks.has(check), check);
    }
    using other = temporaryHome();
    const copy = join(other.path, 'copy.gguf');
    const whole = readFileSync(await starterModelFile());
    writeFileSync(copy, whole);
    assert.equal((await runCommand(['pull', copy], { home: other.path, environment: quiet })).code, 0);
    writeFileSync(copy, whole.subarray(0, whole.length >> 1));
    const cut = await runCommand(['doctor', '--json'], {
      home: other.path,
      environment: { ...quiet, INTRAMUROS_PORT: '0' },
    });
    assert.equal(cut.code, 1, cut.stdout);
    const wrong = json<{ findings: { check: string; state: string }[] }>(cut).findings.filter(
      ({ state }) => state === 'problem',
    );
    assert.deepEqual(
      wrong.map(({ check }) => check),
      ['model'],
    );
  });
});

describe('with a server', () => {
  let server: Awaited<ReturnType<typeof startServe>>;
  before(async () => {
    server = await startServe({ home: home.path, environment: quiet });
  });
  after(() => server[Symbol.asyncDispose]());

  test('it is ready when it says so: health, and the model in the list', async () => {
    const health = await fetch(`${server.address}/health`);
    assert.equal(health.status, 200);
    const { data } = (await (await fetch(`${server.address}/v1/models`)).json()) as { data: { id: string }[] };
    assert.equal(data[0]?.id, model);
  });

  test('a question with a text from a pipe is answered by it; --json has the whole answer with its usage', async () => {
    const asked = await run(['ask', 'Repeat this word:', '--json', '-t', '0', '--max-tokens', '8', '--verbose'], {
      input: 'banana\n',
    });
    assert.equal(asked.code, 0, asked.stderr);
    const answer = json<{ model: string; answer: string; finishReason: string; usage: { completion_tokens: number } }>(
      asked,
    );
    assert.equal(answer.model, model);
    assert.ok(answer.answer.length > 0);
    assert.ok(answer.usage.completion_tokens > 0 && answer.usage.completion_tokens <= 8);
    assert.match(asked.stderr, new RegExp(`Server: ${server.address}`));
  });

  test('the same seed gives the same answer, and a limit is kept', async () => {
    const args = ['ask', 'Tell me a story', '--seed', '7', '-t', '0.9', '--max-tokens', '10'];
    const [first, second] = [await run(args), await run(args)];
    assert.equal(first.code, 0);
    assert.equal(first.stdout, second.stdout);
  });

  test('bad input is refused before anything is asked', async () => {
    assert.equal((await run(['ask'])).code, 2);
    const bytes = await run(['ask', '-'], { input: Buffer.from([0xff, 0xfe, 0x41]) });
    assert.equal(bytes.code, 1);
    assert.match(bytes.stderr, /not UTF-8/);
    const long = await run(['ask', '-'], { input: 'word '.repeat(20_000) });
    assert.equal(long.code, 1);
    assert.match(long.stderr, /context|tokens/);
  });

  test('a chat from a pipe is one conversation, which the server keeps', async () => {
    const lines = [
      'My name is Ada.',
      '/regenerate',
      'What is my name?',
      '/title Names',
      '/export',
      '/nonsense',
      '/quit',
    ];
    const chat = await run(['chat', '--max-tokens', '8', '-t', '0'], { input: `${lines.join('\n')}\n` });
    assert.equal(chat.code, 0, chat.stderr);
    assert.match(chat.stdout, /My name is Ada\.[\s\S]*What is my name\?/);
    assert.match(chat.stderr, /no \/nonsense/);
    const { conversations } = (await (await fetch(`${server.address}/api/conversations`)).json()) as {
      conversations: { id: string; title: string }[];
    };
    const kept = conversations.filter(({ title }) => title === 'Names');
    assert.equal(kept.length, 1);
    const path = `/api/conversations/${kept[0]?.id}/messages`;
    const { messages } = (await (await fetch(server.address + path)).json()) as { messages: { role: string }[] };
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['user', 'assistant', 'assistant', 'user', 'assistant'],
    );
    const again = await run(['chat', '--continue', '--max-tokens', '4', '--json'], { input: 'Thanks.\n' });
    assert.equal(again.code, 0, again.stderr);
    const events = again.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { t: string });
    assert.equal(events[0]?.t, 'open');
    assert.equal(events.at(-1)?.t, 'close');
    const after = (await (await fetch(server.address + path)).json()) as { messages: unknown[] };
    assert.equal(after.messages.length, 7);
  });

  test('tokens are counted, the model is seen in memory, stopped, and gone', async () => {
    const cut = json<{ count: number; tokens: { piece: string }[] }>(await run(['tokenize', 'hello world', '--json']));
    assert.equal(cut.count, cut.tokens.length);
    assert.equal(cut.tokens.map(({ piece }) => piece).join(''), 'hello world');
    const before = json<{ models: { id: string; state: string; residentBytes: number }[] }>(
      await run(['ps', '--json']),
    );
    assert.deepEqual(
      before.models.map(({ id, state }) => [id, state]),
      [[model, 'ready']],
    );
    assert.ok((before.models[0]?.residentBytes ?? 0) > 50e6);
    assert.match((await run(['list'])).stdout, /ready/);
    assert.equal((await run(['stop', model])).code, 0);
    assert.deepEqual(json<{ models: unknown[] }>(await run(['ps', '--json'])).models, []);
  });

  test('without an embedding model the words say how to get one', async () => {
    const { code, stderr } = await run(['embed', 'text'], { environment: { LANG: 'fr_FR.UTF-8' } });
    assert.equal(code, 1);
    assert.match(stderr, /Aucun modèle de vecteurs.*intramuros pull/);
  });

  test('a backup beside the running server makes the same conversations elsewhere; a cut one makes nothing', async () => {
    using place = temporaryHome();
    const file = join(place.path, 'all.backup');
    const saved = await run(['backup', file]);
    assert.equal(saved.code, 0, saved.stderr);
    const cut = join(place.path, 'cut.backup');
    writeFileSync(cut, readFileSync(file).subarray(0, -100));
    const elsewhere = join(place.path, 'home');
    const refused = await runCommand(['restore', cut], { home: elsewhere, environment: quiet });
    assert.equal(refused.code, 1);
    assert.ok(!existsSync(join(elsewhere, 'database')));
    const restored = await runCommand(['restore', file], { home: elsewhere, environment: quiet });
    assert.equal(restored.code, 0, restored.stderr);
    assert.match(restored.stderr, /house\.key/, 'says what is still missing');
    copyFileSync(join(home.path, 'house.key'), join(elsewhere, 'house.key'));
    await using copy = await startServe({ home: elsewhere, environment: quiet });
    const titles = async (address: string): Promise<string[]> => {
      const reply = await fetch(`${address}/api/conversations`);
      return ((await reply.json()) as { conversations: { title: string }[] }).conversations.map(({ title }) => title);
    };
    assert.ok((await titles(copy.address)).includes('Names'));
    assert.deepEqual(await titles(copy.address), await titles(server.address));
  });

  test('Ctrl+C stops an answer, exits 130 and leaves the engine idle', async () => {
    const child = startCommand(['ask', 'Write a very long story about the sea.', '--max-tokens', '1500'], {
      home: home.path,
      environment: quiet,
    });
    child.stdin.end();
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const closed = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGINT');
    assert.equal(await closed, 130);
    for (;;) {
      const { models } = json<{ models: { activeRequests: number }[] }>(await run(['ps', '--json']));
      if (models[0]?.activeRequests === 0) break;
    }
  });

  test('a second server on the data directory, and one on its port, end with a sentence', async () => {
    const twice = await run(['serve', '--port', '0'], { environment: { LANG: 'fr_FR.UTF-8' } });
    assert.equal(twice.code, 1);
    assert.match(twice.stderr, /sert déjà au processus \d+/);
    using other = temporaryHome();
    const port = new URL(server.address).port;
    const taken = await runCommand(['serve', '--port', port], { home: other.path, environment: quiet });
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, new RegExp(`Port ${port} is taken.*--port 0`));
    assert.equal(taken.stdout, '');
    assert.equal((await fetch(`${server.address}/health`)).status, 200);
  });

  test('a setting changed now is said to wait for the next start', async () => {
    const { stderr } = await run(['config', 'set', 'keepAlive', '10m']);
    assert.match(stderr, /until it is started again/);
    assert.equal((await run(['config', 'unset', 'keepAlive'])).code, 0);
  });
});

describe('faults', () => {
  test('SIGTERM ends the server with 0 and takes its record away', async () => {
    const server = await startServe({ home: home.path, environment: quiet });
    assert.ok(existsSync(join(home.path, 'server.json')));
    const closed = new Promise((resolve) => server.child.on('close', resolve));
    server.child.kill('SIGTERM');
    assert.equal(await closed, 0);
    assert.ok(!existsSync(join(home.path, 'server.json')));
  });

  test('npm start that is killed takes its server along', async () => {
    // As npm does it: a shell starts the script, and only the shell hears the signal.
    const script = join(import.meta.dirname, '..', '..', 'scripts', 'start.mjs');
    const child = spawn('sh', ['-c', '"$0" "$1" --port 0 --json; true', process.execPath, script], {
      env: { ...process.env, ...quiet, INTRAMUROS_HOME: home.path },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const closed = new Promise((resolve) => child.on('close', resolve)); // when nobody holds the output open any more
    child.kill('SIGTERM');
    await closed;
    assert.ok(!existsSync(join(home.path, 'server.json')));
  });

  test('after a kill -9 commands find no server, and the next one starts', async () => {
    const server = await startServe({ home: home.path, environment: quiet });
    const { pid } = JSON.parse(readFileSync(join(home.path, 'server.json'), 'utf8')) as { pid: number };
    const closed = new Promise((resolve) => server.child.on('close', resolve));
    process.kill(pid, 'SIGKILL');
    await closed;
    assert.match((await run(['ps'])).stderr, /No server is running/);
    await using again = await startServe({ home: home.path, environment: quiet });
    assert.equal((await fetch(`${again.address}/health`)).status, 200);
  });

  test('a data directory that cannot be written is named', async () => {
    using place = temporaryHome();
    writeFileSync(join(place.path, 'file'), '');
    const path = join(place.path, 'file', 'data');
    const { code, stderr } = await runCommand(['serve', '--port', '0'], { home: path, environment: quiet });
    assert.equal(code, 1);
    assert.ok(stderr.includes(path), stderr);
    assert.match(stderr, /cannot be (made|written)[\s\S]*INTRAMUROS_HOME/);
    const checked = await runCommand(['doctor', '--json'], { home: path, environment: quiet });
    assert.equal(checked.code, 1);
    assert.match(checked.stdout, /"check": "data_directory",\s+"state": "problem"/);
  });

  test('the port is checked before a model is fetched', async () => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    using empty = temporaryHome();
    const { port } = busy.address() as AddressInfo;
    const { code, stderr } = await runCommand(['serve', '--starter', '--port', String(port)], {
      home: empty.path,
      environment: quiet,
    });
    busy.close();
    assert.equal(code, 1);
    assert.match(stderr, /is taken/);
    assert.doesNotMatch(stderr, /starter/);
  });

  test('without a source for the starter model the server does not start, and says what to do', async () => {
    using empty = temporaryHome();
    const environment = { ...quiet, INTRAMUROS_OFFLINE: 'true' };
    const { code, stderr } = await runCommand(['serve', '--starter', '--port', '0'], { home: empty.path, environment });
    assert.equal(code, 1);
    assert.match(stderr, /starter model could not be got.*intramuros pull PATH/s);
  });

  test('a key is read from its file, sent, and never stands in an argument or an output', async () => {
    using keys = temporaryHome();
    const file = join(keys.path, 'key');
    writeFileSync(file, 'a-secret-of-this-test\n', { mode: 0o600 });
    const environment = { ...quiet, INTRAMUROS_API_KEY_FILE: file };
    await using server = await startServe({ home: home.path, environment });
    assert.equal((await fetch(`${server.address}/v1/models`)).status, 401);
    assert.equal((await run(['ps', '--json'])).code, 0, 'who runs the server reads its console token');
    rmSync(join(home.path, 'console.token'));
    assert.equal((await run(['ps', '--json'], { environment })).code, 0);
    const without = await run(['ps', '--json']);
    assert.equal(without.code, 1);
    assert.match(without.stderr, /key/i);
    const listed = await run(['config', 'list'], { environment });
    assert.doesNotMatch(listed.stdout + listed.stderr + server.output(), /a-secret-of-this-test/);
  });
});

test('a removed model is gone, and its removal wants a word without a terminal', async () => {
  const asked = await run(['rm', model]);
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /--yes/);
  assert.equal((await run(['rm', model, '--yes'])).code, 0);
  assert.deepEqual(json<{ models: unknown[] }>(await run(['list', '--json'])).models, []);
});
