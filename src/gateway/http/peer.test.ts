import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIntramurosError } from '../../base/index.ts';
import { openPeers } from './peer.ts';

test('without trusted proxies nothing that a header says counts, and what was handed on is not from this machine', () => {
  const peers = openPeers([]);
  assert.deepEqual(peers.of('127.0.0.1', {}), { address: '127.0.0.1', loopback: true, secure: false });
  assert.deepEqual(peers.of('::ffff:127.0.0.1', {}), { address: '127.0.0.1', loopback: true, secure: false });
  assert.equal(peers.of('::1', {}).loopback, true);
  assert.equal(peers.of('192.0.2.1', { 'x-forwarded-for': '127.0.0.1' }).loopback, false);
  assert.equal(peers.of('192.0.2.1', { 'x-forwarded-for': '203.0.113.9' }).address, '192.0.2.1');
  for (const headers of [{ 'x-forwarded-for': '127.0.0.1' }, { forwarded: 'for=127.0.0.1' }, { via: '1.1 proxy' }])
    assert.equal(peers.of('127.0.0.1', headers).loopback, false);
  assert.equal(peers.of('127.0.0.1', { 'x-forwarded-proto': 'https' }).secure, false);
});

test('of a trusted proxy only what it wrote itself counts', () => {
  const peers = openPeers(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
  const of = (forwarded: string, proto?: string): ReturnType<typeof peers.of> =>
    peers.of('127.0.0.1', { 'x-forwarded-for': forwarded, ...(proto ? { 'x-forwarded-proto': proto } : {}) });
  assert.deepEqual(of('203.0.113.9', 'https'), { address: '203.0.113.9', loopback: false, secure: true });
  assert.equal(of('127.0.0.1, 203.0.113.9').address, '203.0.113.9', 'the left part is what the client says');
  assert.equal(of('203.0.113.9, 10.1.2.3').address, '203.0.113.9', 'two proxies, both ours');
  assert.equal(of('127.0.0.1, 203.0.113.9').loopback, false);
  assert.equal(of('evil').loopback, false);
  assert.equal(of('203.0.113.9', 'https, http').secure, false);
  assert.equal(peers.of('192.0.2.1', { 'x-forwarded-for': '10.0.0.1' }).address, '192.0.2.1');
});

test('a proxy that is no address is refused by name', () => {
  for (const entry of ['proxy.example', '10.0.0.0/33', '10.0.0.0/x', '/8', '10.0.0.0/'])
    assert.throws(
      () => openPeers([entry]),
      (error) => isIntramurosError(error) && error.message.includes(entry),
    );
});
