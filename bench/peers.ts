import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './completion-client.ts';

/** A started server; disposing of it ends its process and removes its data. */
export interface Peer extends AsyncDisposable {
  readonly target: Target;
  readonly pid: number;
}

const root = resolve(import.meta.dirname, '..');

/** Starts Intramuros on the model file, one compute thread, in a data directory of its own. */
export async function startIntramuros(options: {
  readonly modelFile: string;
  readonly parallel: number;
  readonly contextTokens: number;
}): Promise<Peer> {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-bench-'));
  const port = await freePort();
  const environment = {
    ...process.env,
    INTRAMUROS_HOME: home,
    INTRAMUROS_PORT: String(port),
    INTRAMUROS_THREADS: '1',
    INTRAMUROS_PARALLEL: String(options.parallel),
    INTRAMUROS_CONTEXT_TOKENS: String(options.contextTokens),
    INTRAMUROS_OPTIMIZE: 'off',
    INTRAMUROS_LOG_LEVEL: 'warn',
  };
  const main = join(root, 'src/main.ts');
  await run(process.execPath, [main, 'pull', options.modelFile], environment);
  const child = spawn(process.execPath, [main, 'serve'], { env: environment, stdio: logTo(home) });
  const baseUrl = `http://127.0.0.1:${port}`;
  await untilHealthy(baseUrl, child);
  const models = (await (await fetch(`${baseUrl}/v1/models`)).json()) as { data: { id: string }[] };
  const model = models.data[0]?.id;
  if (!model) throw new Error('Intramuros lists no model');
  return peer({ name: 'intramuros', baseUrl, model }, child, () => rmSync(home, { recursive: true, force: true }));
}

/**
 * Starts llama-server on the same file with the same number of threads, slots and context.
 * @param options.binary path of llama-server; `docs/benchmarks.md` says how to build one from npm's node-llama-cpp.
 */
export async function startLlamaServer(options: {
  readonly binary: string;
  readonly modelFile: string;
  readonly parallel: number;
  readonly contextTokens: number;
}): Promise<Peer> {
  const port = await freePort();
  const flags = [
    '-m',
    options.modelFile,
    '-t',
    '1',
    '-tb',
    '1',
    '-np',
    String(options.parallel),
    '-c',
    String(options.contextTokens),
  ];
  const child = spawn(options.binary, [...flags, '--host', '127.0.0.1', '--port', String(port)], {
    env: { ...process.env, LD_LIBRARY_PATH: dirname(options.binary) },
    stdio: 'ignore',
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  await untilHealthy(baseUrl, child);
  return peer({ name: 'llama-server', baseUrl, model: 'model' }, child, () => undefined);
}

function peer(target: Target, child: ChildProcess, clean: () => void): Peer {
  return {
    target,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const gone = new Promise<void>((done) => child.once('exit', () => done()));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await gone;
      }
      clean();
    },
  };
}

async function untilHealthy(baseUrl: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null)
      throw new Error(`the server at ${baseUrl} ended with code ${child.exitCode} before it was ready`);
    const ready = await fetch(`${baseUrl}/health`).then(
      (reply) => reply.ok,
      () => false,
    );
    if (ready) return;
    await sleep(100);
  }
  throw new Error(`the server at ${baseUrl} was not ready after 60 s`);
}

async function run(
  command: string,
  commandArguments: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const child = spawn(command, commandArguments, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((done) => child.once('exit', done));
  if (code !== 0) throw new Error(`${commandArguments.join(' ')} ended with code ${code}`);
}

function logTo(home: string): ['ignore', number, number] {
  const log = openSync(join(home, 'server.log'), 'a');
  return ['ignore', log, log];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
