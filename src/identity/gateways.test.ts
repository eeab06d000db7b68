import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { emptyPlace } from '../../test/parts/databases.ts';
import { openTestIdentity, openWithOwner } from '../../test/parts/identities.ts';
import { type PostgresServer, startPostgres } from '../../test/parts/postgres-server.ts';
import type { Credentials, Identity } from './index.ts';

const nothing: Credentials = { bearer: undefined, sessionToken: undefined, loopback: false };
const server: PostgresServer | { readonly unavailable: string } = await startPostgres();
after(async () => {
  if ('stop' in server) await server.stop();
});

/** Turns of the event loop until something holds; the test's own time limit ends it otherwise. */
async function until(holds: () => boolean): Promise<number> {
  const began = performance.now();
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  return performance.now() - began;
}

const admits = (identity: Identity, credentials: Partial<Credentials>): boolean => {
  try {
    return Boolean(identity.authenticate({ ...nothing, ...credentials }));
  } catch {
    return false; // what is asked is only whether
  }
};

test('two gateways on one database: accounts, sessions, revocations and caps of one hold at the other within two seconds', {
  skip: 'unavailable' in server ? server.unavailable : false,
  timeout: 60_000,
}, async (context) => {
  if ('unavailable' in server) return;
  const databaseUrl = await server.createDatabase();
  await using here = await openWithOwner(emptyPlace(context, databaseUrl));
  await using there = await openTestIdentity(emptyPlace(context, databaseUrl), { clock: here.clock });
  const { who, token } = here.owner;
  const { key, view } = await here.identity.keys.create(who, who.personId, { name: 'script' });
  await until(() => admits(there.identity, { bearer: key }) && admits(there.identity, { sessionToken: token }));
  assert.equal(there.identity.mode, 'accounts');
  await here.identity.keys.revoke(who, view.id);
  assert.equal(admits(here.identity, { bearer: key }), false, 'at once where it was revoked');
  const revokedMs = await until(() => !admits(there.identity, { bearer: key }));
  assert.ok(revokedMs < 2_000, `${revokedMs} ms`);

  const quota = await there.identity.quotas.create(who, {
    subject: { kind: 'person', id: '*' },
    unit: 'tokens',
    period: 'month',
    limit: 100,
  });
  await until(() => here.identity.quotas.list().some(({ id }) => id === quota.id));
  const request = { model: 'm', mostTokens: 60, mostCostMicros: 0 };
  here.identity.quotas.reserve(who, request).settle({ promptTokens: 60, completionTokens: 0, costMicros: 0 });
  await until(() => there.identity.quotas.remaining(who, 'm').tokens === 40);
  assert.throws(() => there.identity.quotas.reserve(who, request), { code: 'quota_exceeded' });
  there.identity.quotas
    .reserve(who, { ...request, mostTokens: 40 })
    .settle({ promptTokens: 40, completionTokens: 0, costMicros: 0 });
  await until(() => here.identity.quotas.remaining(who, 'm').tokens === 0);

  const { version } = await here.identity.people.get(who.personId);
  const outcomes = await Promise.allSettled([
    here.identity.people.change(who, who.personId, { version, displayName: 'Here' }),
    there.identity.people.change(who, who.personId, { version, displayName: 'There' }),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  await there.identity.sessions.signOutEverywhere(who, who.personId);
  await until(() => !admits(here.identity, { sessionToken: token }));
});

test('two gateways set up at once make one first account', {
  skip: 'unavailable' in server ? server.unavailable : false,
  timeout: 60_000,
}, async (context) => {
  if ('unavailable' in server) return;
  const databaseUrl = await server.createDatabase();
  await using here = await openTestIdentity(emptyPlace(context, databaseUrl));
  await using there = await openTestIdentity(emptyPlace(context, databaseUrl), { clock: here.clock });
  const password = 'un mot de passe pour les essais';
  const outcomes = await Promise.allSettled([
    here.identity.setUp({ name: 'ada', password }),
    there.identity.setUp({ name: 'bob', password }),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal((await here.database.query('SELECT 1 FROM people')).length, 1);
});
