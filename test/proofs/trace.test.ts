import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { addressKind } from '../../src/egress/index.ts';
import { runCommand, temporaryHome } from '../parts/command.ts';
import { starterModelFile } from '../parts/starter-model.ts';

const root = join(import.meta.dirname, '..', '..');
const found = (() => {
  try {
    return execFileSync('strace', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  } catch {
    return undefined;
  }
})();

/** What one system call named, if it named a place. */
interface Call {
  readonly pid: string;
  readonly name: string;
  readonly family: string;
  readonly address: string | undefined;
  readonly result: string;
}

/** Reads `strace -f` lines; a call that was interrupted by another thread's is put together again. */
function readTrace(text: string): Call[] {
  const begun = new Map<string, string>();
  return text.split('\n').flatMap((line): Call[] => {
    const [, pid = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(pid, rest.slice(0, -'<unfinished ...>'.length));
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const whole = resumed ? `${begun.get(pid) ?? ''}${resumed[1]}` : rest;
    const [, name] = /^(\w+)\(/.exec(whole) ?? [];
    if (name === undefined) return [];
    const family = /\b(AF_[A-Z0-9]+)/.exec(whole)?.[1] ?? '';
    const address = /inet_addr\("([^"]+)"\)/.exec(whole)?.[1] ?? /inet_pton\(AF_INET6, "([^"]+)"/.exec(whole)?.[1];
    return [{ pid, name, family, address, result: /=\s*([^=]*)$/.exec(whole)?.[1] ?? '' }];
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const skip = found === undefined ? 'strace is not installed' : false;

test('a whole run of the product, traced by the kernel, reaches this machine alone', { skip }, async () => {
  using home = temporaryHome();
  const pulled = await runCommand(['pull', await starterModelFile(), '--json'], { home: home.path });
  assert.equal(pulled.code, 0, pulled.stderr);
  const traceFile = join(home.path, 'trace');
  const port = await freePort();
  const traced = ['-f', '-qq', '-e', 'trace=%network', '-e', 'signal=none', '-o', traceFile];
  const server = spawn(
    'strace',
    [...traced, process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'src', 'main.ts'), 'serve'],
    {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        INTRAMUROS_HOME: home.path,
        INTRAMUROS_PORT: String(port),
        INTRAMUROS_OFFLINE: 'true',
        INTRAMUROS_OPTIMIZE: 'off',
        INTRAMUROS_LOG_LEVEL: 'error',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
    },
  );
  const ended = new Promise((resolve) => server.once('close', resolve));
  let answered = 0;
  let engine: string | undefined;
  try {
    answered = await exerciseAll(`http://127.0.0.1:${port}`, server.pid ?? 0);
    engine = engineOf(server.pid ?? 0);
  } finally {
    process.kill(-(server.pid ?? 0), 'SIGTERM');
    await ended;
  }
  const calls = readTrace(readFileSync(traceFile, 'utf8'));
  const places = calls.filter(({ address }) => address !== undefined);
  const beyond = places.filter(({ address }) => addressKind(address ?? '') !== 'loopback');
  const families = new Set(calls.filter(({ name }) => name === 'socket').map(({ family }) => family));
  const engineSockets = calls.filter(({ pid, name }) => name === 'socket' && pid === engine);
  console.log(
    `PROOF trace ${answered} requests answered, ${calls.length} network calls traced, ${places.length} named an address, ` +
      `${beyond.length} beyond this machine; families ${[...families].sort().join(' ')}; the engine opened ${engineSockets.length} sockets`,
  );
  assert.deepEqual(beyond, []);
  assert.deepEqual(
    [...families].filter((family) => !/^AF_(INET6?|UNIX|NETLINK)$/.test(family)),
    [],
  );
  assert.ok(
    calls.some(({ name, address }) => name === 'bind' && address === '127.0.0.1'),
    'the trace saw the server listen',
  );
  assert.ok(calls.filter(({ name }) => name.startsWith('accept')).length > 0, 'and accept');
  assert.notEqual(engine, undefined, 'a model was loaded');
  assert.deepEqual(engineSockets, []);
});

/** Chat, completion, embedding, the page and every reading operation of the API. */
async function exerciseAll(address: string, pid: number): Promise<number> {
  let answered = 0;
  for (;;) {
    if (
      await fetch(`${address}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break;
    process.kill(pid, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const ask = async (path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(address + path, {
      ...(body === undefined
        ? {}
        : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    answered += 1;
    return response;
  };
  const { models } = (await (await ask('/api/models')).json()) as { models: { id: string }[] };
  const model = models[0]?.id;
  const chat = { model, messages: [{ role: 'user', content: 'Name a colour.' }], max_tokens: 8 };
  const whole = await ask('/v1/chat/completions', chat);
  assert.equal(whole.status, 200, await whole.text());
  await (await ask('/v1/chat/completions', { ...chat, stream: true })).text();
  await (await ask('/v1/completions', { model, prompt: 'A', max_tokens: 4 })).text();
  await (await ask('/v1/embeddings', { model, input: 'a text' })).text();
  const { layers } = (await (await ask('/api/egress')).json()) as { layers: { name: string; words: string }[] };
  const words = layers.find(({ name }) => name === 'engine')?.words ?? '';
  assert.match(
    words,
    /^cannot open a network socket: process \d/,
    'the kernel says that the engine is under its filter',
  );
  const { id } = (await (await ask('/api/conversations', {})).json()) as { id?: string };
  if (id !== undefined) await (await ask(`/api/conversations/${id}/answers`, { content: 'Hello' })).text();
  const { paths } = JSON.parse(readFileSync(join(root, 'docs', 'openapi.json'), 'utf8')) as {
    paths: Record<string, { get?: unknown }>;
  };
  for (const [path, { get }] of Object.entries(paths)) {
    if (get !== undefined && !path.includes('{')) await (await ask(path)).text();
  }
  for (const path of ['/', '/reference', '/no-such-page']) await (await ask(path)).text();
  return answered;
}

/** The process of the loaded model, among what was started under the tracer. */
function engineOf(tracer: number): string | undefined {
  const processes = execFileSync('ps', ['-eo', 'pid=,pgid=,args='], { encoding: 'utf8' }).split('\n');
  const line = processes.find((text) => {
    const [, group] = text.trim().split(/\s+/);
    return group === String(tracer) && /engine[\\/]process[\\/]main\.[jt]s/.test(text);
  });
  return line?.trim().split(/\s+/)[0];
}
