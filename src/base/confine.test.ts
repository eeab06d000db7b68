import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { isConfined } from './index.ts';

const linux = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');
const skip = linux ? false : 'no seccomp on this system';
const base = pathToFileURL(join(import.meta.dirname, 'index.ts')).href;

const tries = `
const { connect, createServer } = await import('node:net');
const { createSocket } = await import('node:dgram');
const { execFileSync } = await import('node:child_process');
const { default: koffi } = await import('koffi');
const codeOf = (thing) => new Promise((resolve) => thing.on('error', (error) => resolve(error.code)).on('listening', () => resolve('open')).on('connect', () => resolve('open')));
const native = koffi.load(null).func('int socket(int family, int type, int protocol)');
const found = {
  tcp: await codeOf(connect(9, '127.0.0.1')),
  listen: await codeOf(createServer().listen(0, '127.0.0.1')),
  udp: await codeOf((() => { const socket = createSocket('udp4'); setImmediate(() => socket.bind(0)); return socket; })()),
  native4: native(2, 1, 0), native6: native(10, 1, 0), netlink: native(16, 3, 0), packet: native(17, 3, 0),
  unix: native(1, 1, 0) >= 0,
};`;

test('a confined process opens no network socket: JavaScript, native code, nor what it starts', { skip }, () => {
  const code = `
    import { confineProcess } from ${JSON.stringify(base)};
    const said = confineProcess();
    ${tries}
    try { execFileSync(process.execPath, ['-e', "require('net').connect(9, '127.0.0.1').on('error', (e) => process.exit(e.code === 'EPERM' ? 7 : 8))"]); }
    catch (error) { found.child = error.status; }
    console.log(JSON.stringify({ said, found }));`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  assert.deepEqual(JSON.parse(text), {
    said: { confined: true, by: 'seccomp' },
    found: {
      tcp: 'EPERM',
      listen: 'EPERM',
      udp: 'EPERM',
      native4: -1,
      native6: -1,
      netlink: -1,
      packet: -1,
      unix: true,
      child: 7,
    },
  });
});

test('a confined thread opens none while the others do', { skip }, async () => {
  const code = `
    import { confineThread } from ${JSON.stringify(base)};
    import { parentPort } from 'node:worker_threads';
    await confineThread();
    ${tries}
    parentPort.postMessage(found);`;
  const worker = new Worker(
    new URL(
      `data:text/javascript,${encodeURIComponent(code.replace("import('koffi')", `import(${JSON.stringify(import.meta.resolve('koffi'))})`))}`,
    ),
  );
  const found = await new Promise<Record<string, unknown>>((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  );
  await worker.terminate();
  assert.equal(found.tcp, 'EPERM');
  assert.equal(found.native4, -1);
  assert.equal(isConfined(process.pid), false);
});

test('a confined thread takes nobody else in: the pool that looks names up stays free', { skip }, () => {
  const inside = `
    import { readFile } from 'node:fs/promises';
    import { parentPort } from 'node:worker_threads';
    import { confineThread } from ${JSON.stringify(base)};
    await confineThread();
    await Promise.all(Array.from({ length: 16 }, () => readFile('/proc/self/status')));
    parentPort.postMessage('ready');`;
  const code = `
    const { Worker } = require('node:worker_threads');
    const { readdirSync, readFileSync } = require('node:fs');
    const worker = new Worker(new URL('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(inside))}));
    worker.once('message', () => {
      const ids = readdirSync('/proc/self/task');
      const confined = ids.filter((id) => /^Seccomp:\\s*2$/m.test(readFileSync('/proc/self/task/' + id + '/status', 'utf8')));
      console.log(confined.length);
      process.exit(0);
    });`;
  assert.equal(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }).trim(), '1');
});
