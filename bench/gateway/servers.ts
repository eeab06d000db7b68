import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runtimeFlags } from '../../bin/runtime.mjs';
import { Connection, renderRequest, type Target } from './client.ts';

/** A way from the client to the mock upstream. */
export interface Route extends AsyncDisposable {
  readonly target: Target;
  /** Processes whose time and memory belong to it; none for the direct way. */
  readonly pids: readonly number[];
}

/** Where the peers are installed: outside the project, by the commands of `docs/benchmarks.md`. */
const peersFolder = join(homedir(), '.cache', 'intramuros', 'bench');

const cores = availableParallelism();
/** The gateway has one core for itself, the mock and the client share another. */
const pinned = (core: 0 | 1, command: string, commandArguments: readonly string[]): [string, string[]] =>
  cores < 2 ? [command, [...commandArguments]] : ['taskset', ['-c', String(core), command, ...commandArguments]];

/** Starts a Node program of ours on a core and waits for the port that it tells. */
export async function startProgram(
  core: 0 | 1,
  file: string,
  commandArguments: readonly string[] = [],
  { flags = ['--disable-warning=ExperimentalWarning'] }: { readonly flags?: readonly string[] } = {},
): Promise<{ readonly port: number; readonly child: ChildProcess; readonly told: Readonly<Record<string, unknown>> }> {
  const [command, rest] = pinned(core, process.execPath, [
    ...flags,
    join(import.meta.dirname, file),
    ...commandArguments,
  ]);
  const child = spawn(command, rest, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const told = await new Promise<Record<string, unknown>>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Record<string, unknown>));
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it listened`)));
  });
  return { port: Number(told.port), child, told };
}

export function routeTo(target: Target, child: ChildProcess | undefined, clean: () => void = () => {}): Route {
  return {
    target,
    pids: child?.pid === undefined ? [] : [child.pid],
    async [Symbol.asyncDispose]() {
      if (child && child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        if (child.connected) child.disconnect();
        child.kill('SIGTERM');
        await Promise.race([gone, sleep(5_000).then(() => child.kill('SIGKILL'))]);
      }
      clean();
    },
  };
}

const chatPath = '/v1/chat/completions';

/** The mock itself. */
export function direct(mockPort: number): Route {
  return routeTo({ name: 'direct', port: mockPort, path: chatPath, headers: {} }, undefined);
}

export async function startNull(mockPort: number): Promise<Route> {
  const { port, child } = await startProgram(0, 'null-proxy.ts', [String(mockPort)]);
  return routeTo({ name: 'null', port, path: chatPath, headers: {} }, child);
}

/** Our whole gateway: a person's key, quotas, policy and the durable record of each decision. */
export async function startOurs(mockPort: number, rung: string): Promise<Route> {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-bench-'));
  const { port, child, told } = await startProgram(0, 'ours.ts', [String(mockPort), home, rung], {
    flags: runtimeFlags,
  });
  const headers: Record<string, string> = typeof told.key === 'string' ? { authorization: `Bearer ${told.key}` } : {};
  const name = rung === 'whole' ? 'ours' : `ours-${rung}`;
  return routeTo({ name, port, path: chatPath, headers, modelPrefix: 'mock/' }, child, () =>
    rmSync(home, { recursive: true, force: true }),
  );
}

/** Portkey's gateway, told by headers where its upstream is; undefined where it is not installed. */
export async function startPortkey(mockPort: number): Promise<Route | undefined> {
  const file = join(peersFolder, 'portkey', 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
  if (!existsSync(file)) return undefined;
  const port = await freePort();
  const child = start(
    process.execPath,
    ['--import', join(import.meta.dirname, 'portkey-headers.mjs'), file, `--port=${port}`, '--headless'],
    {
      TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost',
      NODE_ENV: 'production',
    },
  );
  const headers = {
    authorization: 'Bearer sk-none',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${mockPort}/v1`,
  };
  return ready(routeTo({ name: 'portkey', port, path: chatPath, headers }, child));
}

/** LiteLLM's proxy with one worker and a master key; undefined where it is not installed. */
export async function startLiteLlm(mockPort: number): Promise<Route | undefined> {
  const binary = join(peersFolder, 'litellm', 'bin', 'litellm');
  if (!existsSync(binary)) return undefined;
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), 'litellm-bench-'));
  const config = join(home, 'config.yaml');
  writeFileSync(
    config,
    `model_list:
  - model_name: "*"
    litellm_params:
      model: openai/*
      api_base: http://127.0.0.1:${mockPort}/v1
      api_key: sk-none
general_settings:
  master_key: sk-bench
litellm_settings:
  telemetry: false
`,
  );
  const child = start(binary, ['--config', config, '--port', String(port), '--num_workers', '1'], {
    LITELLM_MODE: 'PRODUCTION',
    LITELLM_LOG: 'ERROR',
    NO_DOCS: 'True',
  });
  const headers = { authorization: 'Bearer sk-bench' };
  return ready(
    routeTo({ name: 'litellm', port, path: chatPath, headers }, child, () =>
      rmSync(home, { recursive: true, force: true }),
    ),
  );
}

function start(command: string, commandArguments: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const [pinnedCommand, rest] = pinned(0, command, commandArguments);
  return spawn(pinnedCommand, rest, { stdio: 'ignore', env: { ...process.env, ...environment } });
}

/** Waits until one small request is answered with 200. */
async function ready(route: Route): Promise<Route> {
  const request = renderRequest(route.target, {
    model: 'json',
    messages: [{ role: 'user', content: 'Are you there?' }],
  });
  let last: unknown;
  for (let tries = 0; tries < 240; tries += 1) {
    const connection = new Connection(route.target.port);
    try {
      const { status } = await connection.send(request, { timeoutMs: 5_000 });
      if (status === 200) return route;
      last = `status ${status}`;
    } catch (error) {
      last = error;
    } finally {
      connection.close();
    }
    await sleep(500);
  }
  await route[Symbol.asyncDispose]();
  throw new Error(`${route.target.name} did not answer within two minutes: ${String(last)}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Processor time of processes so far, microseconds, as Linux counts it (ticks of 10 ms). */
export function processorUs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * 10_000;
  }, 0);
}

/** Resident memory of processes, MiB. */
export function residentMib(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return sum + Number(kib ?? 0) / 1024;
  }, 0);
}
