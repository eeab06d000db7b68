import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { hasOpenssl, startTimestampServer } from '../../../test/parts/timestamp-server.ts';
import { silentLog, systemClock } from '../../base/index.ts';
import { openEgress } from '../../egress/index.ts';
import { allowEntryOf, openAnchorPost } from '../anchors/post.ts';
import { AnchorFailure } from '../anchors/problem.ts';
import { askAuthority, checkpointDigest } from './ask-authority.ts';
import { readCertificates, TimestampError, tokenOf, verifyToken } from './verify-token.ts';

const skip = hasOpenssl ? false : 'openssl is not installed';
const note = 'house.example/log\n12\nAAAA\n\n— house.example/log AAAA\n';
const digest = checkpointDigest(note);

function openPost(url: string) {
  const egress = openEgress({ offline: false, log: silentLog(), clock: systemClock });
  egress.allow('anchors', [allowEntryOf(url)]);
  return { post: openAnchorPost(egress, new AbortController().signal), egress };
}

for (const key of ['rsa', 'ec'] as const) {
  test(`a timestamp of openssl with an ${key} key is asked for, checked and dated`, { skip }, async () => {
    await using authority = await startTimestampServer({ key });
    const trusted = readCertificates(authority.rootPem);
    const { post, egress } = openPost(authority.url);
    await using _door = egress;
    const before = Date.now();
    const stamp = await askAuthority(authority.url, note, { post, trusted });
    assert.ok(Math.abs(stamp.atMs - before) < 60_000, `${stamp.atMs}`);
    assert.match(stamp.authority, /Test clock/);
    const kept = verifyToken(Buffer.from(stamp.token, 'base64'), { digest, trusted });
    assert.equal(kept.atMs, stamp.atMs);
    assert.throws(
      () =>
        verifyToken(Buffer.from(stamp.token, 'base64'), { digest: createHash('sha256').update('x').digest(), trusted }),
      /over something else/,
    );
    assert.ok(egress.totals().some(({ purpose, sentBytes }) => purpose === 'anchor' && sentBytes > 100));
  });
}

test('an authority that nobody here trusts, and a token of another request, are refused', {
  skip,
}, async () => {
  await using authority = await startTimestampServer({ key: 'ec' });
  await using other = await startTimestampServer({ key: 'ec' });
  const trusted = readCertificates(authority.rootPem);
  const { post, egress } = openPost(authority.url);
  await using _door = egress;
  await askAuthority(authority.url, note, { post, trusted });
  const [old] = authority.given;
  assert.ok(old);
  const fails = async (url: string): Promise<AnchorFailure> => {
    egress.allow('anchors', [allowEntryOf(url)]);
    const failure: unknown = await askAuthority(url, note, { post, trusted }).catch((error: unknown) => error);
    assert.ok(failure instanceof AnchorFailure, String(failure));
    return failure;
  };
  assert.equal((await fails(other.url)).problem, 'untrusted');
  authority.change = () => old;
  assert.match((await fails(authority.url)).message, /answers another request/);
  authority.change = () => Buffer.from('<html>');
  assert.equal((await fails(authority.url)).problem, 'broken');
  authority.change = () => Buffer.from('30050103020102', 'hex');
  assert.equal((await fails(authority.url)).problem, 'bad_signature');
  // PKIStatusInfo with status 2, rejection.
  authority.change = () => Buffer.from('30053003020102', 'hex');
  assert.equal((await fails(authority.url)).problem, 'refused');
});

test('no byte of a timestamp can be changed so that it says something else', { skip }, async () => {
  await using authority = await startTimestampServer({ key: 'ec' });
  const trusted = readCertificates(authority.rootPem);
  const { post, egress } = openPost(authority.url);
  await using _door = egress;
  const { token, atMs } = await askAuthority(authority.url, note, { post, trusted });
  const whole = Buffer.from(token, 'base64');
  let refused = 0;
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    try {
      // A byte that nobody signs (an unused certificate, a version) may differ: what it says may not.
      assert.equal(verifyToken(changed, { digest, trusted }).atMs, atMs);
    } catch (error) {
      if (!(error instanceof TimestampError)) throw error;
      refused += 1;
    }
  }
  assert.ok(refused > whole.length * 0.5, `${refused} of ${whole.length}`);
  for (const cut of [0, 1, 2, 40, whole.length - 1]) {
    assert.throws(() => verifyToken(whole.subarray(0, cut), { digest, trusted }), TimestampError);
  }
  assert.throws(() => tokenOf(Buffer.alloc(0)), TimestampError);
});
