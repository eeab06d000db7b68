import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, watch } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { EgressConnection } from '../../src/egress/index.ts';
import { startServe, temporaryHome } from '../parts/command.ts';
import type { CanaryResult } from './parts/canaries.ts';

/** Listens on an address of this machine that is not loopback, where it has one, and counts what arrives. */
async function openSink() {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const host = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  let arrived = 0;
  const tcp = createServer((socket) => {
    arrived += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => tcp.listen(0, host ?? '127.0.0.1', resolve));
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4').on('message', () => {
    arrived += 1;
  });
  await new Promise<void>((resolve) => udp.bind(port, host ?? '127.0.0.1', resolve));
  return {
    host,
    port,
    arrived: () => arrived,
    async close() {
      udp.close();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

/** The listener hears: a silence that proves something. */
async function arrives(sink: { readonly host: string | undefined; readonly port: number }): Promise<void> {
  const socket = connect(sink.port, sink.host ?? '127.0.0.1').on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
}

function whenThere(path: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(join(path, '..'), check);
    function check(): void {
      if (!existsSync(path)) return;
      watcher.close();
      resolve();
    }
    check();
  });
}

test('every way out of the server process is refused, and on the ledger', async () => {
  using home = temporaryHome();
  const sink = await openSink();
  await arrives(sink);
  const result = join(home.path, 'canaries');
  const loader = pathToFileURL(join(import.meta.dirname, 'parts', 'canary-loader.ts')).href;
  await using server = await startServe({
    home: home.path,
    environment: {
      NODE_OPTIONS: `--import ${loader}`,
      CANARY_RESULT: result,
      CANARY_PORT: String(sink.port),
      ...(sink.host ? { CANARY_SINK: sink.host } : {}),
      INTRAMUROS_OPTIMIZE: 'off',
      INTRAMUROS_USE_FOUND_MODELS: 'false',
    },
  });
  const { pid } = JSON.parse(readFileSync(join(home.path, 'server.json'), 'utf8')) as { pid: number };
  process.kill(pid, 'SIGUSR2');
  await whenThere(result);
  const canaries = JSON.parse(readFileSync(`${result}.part`, 'utf8')) as CanaryResult[];
  const { connections } = (await (await fetch(`${server.address}/api/egress/connections?limit=500`)).json()) as {
    connections: EgressConnection[];
  };
  const rows = connections.map(({ purpose, host, refused }) => ({
    text: `${purpose.replace('guard:', '')}|${host}`,
    refused,
  }));
  const escaped = canaries.filter(({ outcome }) => outcome === 'out' || outcome === 'no answer');
  const unrecorded = canaries.filter(
    ({ trace }) => !rows.some(({ text, refused }) => refused !== null && text.includes(trace)),
  );
  await sink.close();
  const blocked = canaries.length - escaped.length;
  const where = sink.host
    ? `${sink.arrived() - 1} arrived at a listener on ${sink.host}`
    : 'no second address to listen on';
  console.log(
    `PROOF canaries ${blocked} of ${canaries.length} blocked, ${canaries.length - unrecorded.length} on the ledger, ${where}`,
  );
  assert.deepEqual(escaped, []);
  assert.deepEqual(unrecorded, []);
  assert.equal(sink.arrived(), 1, 'only the proof itself reached the listener');
  assert.ok(canaries.length >= 25);
});
