import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { starterModelFile } from '../../parts/starter-model.ts';

/** A program of somebody else that listens. */
export interface Program extends AsyncDisposable {
  readonly url: string;
}

export const peerKey = 'sk-conformance-0123456789';
export const peerModel = 'smol';
/** Of one conversation at llama-server. */
export const peerContextTokens = 1024;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** llama-server on the starter model, from `LLAMA_SERVER_BIN`; undefined without it. */
export async function startLlamaServer(): Promise<Program | undefined> {
  const binary = process.env.LLAMA_SERVER_BIN;
  if (binary === undefined) return undefined;
  const port = await freePort();
  const slots = 2;
  const child = spawn(
    binary,
    ['-m', await starterModelFile(), '--host', '127.0.0.1', '--port', String(port), '--api-key', peerKey].concat([
      '--alias',
      peerModel,
      '--jinja',
      '-c',
      String(peerContextTokens * slots),
      '-np',
      String(slots),
      '-t',
      '1',
    ]),
    { stdio: 'ignore' },
  );
  return untilReady(child, `http://127.0.0.1:${port}`, '/health', () => {});
}

/**
 * LiteLLM's proxy in front of a server that speaks OpenAI's API; undefined where it is not installed:
 * `python3 -m venv ~/.cache/intramuros/bench/litellm && ~/.cache/intramuros/bench/litellm/bin/pip install 'litellm[proxy]'`.
 */
export async function startLiteLlm(behind: string): Promise<Program | undefined> {
  const binary = join(homedir(), '.cache', 'intramuros', 'bench', 'litellm', 'bin', 'litellm');
  if (!existsSync(binary)) return undefined;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'litellm-'));
  const config = {
    model_list: [
      { model_name: peerModel, litellm_params: { model: `openai/${peerModel}`, api_base: behind, api_key: peerKey } },
    ],
    general_settings: { master_key: peerKey },
    litellm_settings: { telemetry: false, drop_params: true },
  };
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const child = spawn(
    binary,
    ['--config', join(folder, 'config.yaml'), '--host', '127.0.0.1', '--port', String(port)],
    {
      stdio: 'ignore',
      env: { ...process.env, LITELLM_LOG: 'ERROR', LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
    },
  );
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  return untilReady(child, `http://127.0.0.1:${port}`, '/health/liveliness', forget);
}

const mostTries = 600;

async function untilReady(child: ChildProcess, url: string, path: string, forget: () => void): Promise<Program> {
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    forget();
  };
  for (let tries = 0; tries < mostTries; tries += 1) {
    const well = await fetch(url + path).then(
      ({ ok }) => ok,
      () => false,
    );
    if (well) return { url, [Symbol.asyncDispose]: stop };
    if (child.exitCode !== null) break;
    await wait(200);
  }
  await stop();
  throw new Error(`${child.spawnfile} did not begin to listen.`);
}
