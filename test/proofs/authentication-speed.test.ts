import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAuthentication } from '../../src/gateway/http/authentication.ts';
import { openPeers } from '../../src/gateway/http/peer.ts';
import { checkRight } from '../../src/gateway/http/who.ts';
import { goodPassword } from '../parts/signed-in.ts';
import { openTestGateway } from '../parts/test-gateway.ts';

const rounds = 50_000;

/** Best of five, in microseconds a call: what the work costs, not what else the machine did. */
function microseconds(work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let n = 0; n < 5; n += 1) {
    const start = performance.now();
    for (let round = 0; round < rounds; round += 1) work();
    best = Math.min(best, ((performance.now() - start) * 1000) / rounds);
  }
  return best;
}

test('who asks, and whether they may, is known from memory in microseconds', async () => {
  await using gateway = await openTestGateway({ accounts: goodPassword, consoleToken: `imc_${'a'.repeat(43)}` });
  const identity = gateway.accounts;
  assert.ok(identity);
  const { token, who } = await identity.sessions.signIn({ name: 'alice', password: goodPassword });
  const { key } = await identity.keys.create(who, who.personId, { name: 'proof' });
  const peers = openPeers(['10.0.0.0/8']);
  const authenticate = openAuthentication({ identity, consoleToken: `imc_${'a'.repeat(43)}` });
  const asked = (name: string, value: string): (() => void) => {
    const common = { host: 'localhost', 'user-agent': 'proof', accept: '*/*', 'content-type': 'application/json' };
    const headers = { ...common, [name]: value };
    const rawHeaders = Object.entries(headers).flat();
    return () => {
      const { loopback } = peers.of('127.0.0.1', headers);
      checkRight({}, authenticate({ headers, rawHeaders, loopback, open: false }));
    };
  };
  const byKey = microseconds(asked('authorization', `Bearer ${key}`));
  const bySession = microseconds(asked('cookie', `intramuros_session=${token}`));
  console.log(`PROOF authentication-speed key ${byKey.toFixed(1)} µs, session ${bySession.toFixed(1)} µs a request`);
  assert.ok(byKey <= 10, `a key takes ${byKey} µs`);
  assert.ok(bySession <= 10, `a session takes ${bySession} µs`);
});
