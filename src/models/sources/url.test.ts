import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog, systemClock } from '../../base/index.ts';
import { type AllowEntry, openEgress } from '../../egress/index.ts';
import { urlSource } from './url.ts';

test('an address is on the list for as long as its pull lasts, and with it where known hosts keep their files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'intramuros-url-'));
  await using egress = openEgress({ offline: false, log: silentLog(), clock: systemClock });
  let during: readonly AllowEntry[] = [];
  const server = createServer((_request, response) => {
    during = egress.allowList();
    response.end('weights');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const { files } = await urlSource(`http://localhost:${port}/model.gguf`).fetch({
      egress,
      huggingFaceUrl: '',
      registryUrl: '',
      environment: {},
      folder,
      signal: new AbortController().signal,
      clock: systemClock,
      retryDelayMs: 1,
      reserveBytes: 0,
      report: () => {},
    });
    assert.deepEqual(files, [join(folder, 'model.gguf')]);
    assert.ok(
      during.some((entry) => entry.host === 'localhost' && entry.port === port && entry.purpose === 'model-pull'),
    );
    assert.ok(during.some((entry) => entry.host === '*.githubusercontent.com' && entry.private !== true));
    assert.deepEqual(egress.allowList(), []);
  } finally {
    server.close().closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
});
