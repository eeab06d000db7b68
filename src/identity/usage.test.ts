import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onEachDatabase } from '../../test/parts/databases.ts';
import { openTestIdentity, openWithOwner } from '../../test/parts/identities.ts';
import type { Credentials, Identity, Who } from './index.ts';

const atHome: Credentials = { bearer: undefined, sessionToken: undefined, loopback: true };
const everybody = { kind: 'everybody', id: '*' } as const;

function use(identity: Identity, who: Who, model: string, tokens: number, costMicros = 0): void {
  identity.quotas
    .reserve(who, { model, mostTokens: tokens, mostCostMicros: costMicros })
    .settle({ promptTokens: tokens - 1, completionTokens: 1, costMicros });
}

onEachDatabase('usage', (promise) => {
  promise(
    'what was used is told by day, model, person, group and key, before and after opening again',
    async (place) => {
      const first = await openWithOwner(place);
      const { identity, owner } = first;
      const group = await identity.groups.create(owner.who, { title: 'Staff', members: [owner.who.personId] });
      const { key, view } = await identity.keys.create(owner.who, owner.who.personId, { name: 'script' });
      const asKey = identity.authenticate({ ...atHome, bearer: key });
      use(identity, asKey, 'large', 100, 7);
      use(identity, owner.who, 'large', 10);
      use(identity, owner.who, 'small', 5);
      const check = async ({ usage }: Identity): Promise<void> => {
        const id = owner.who.personId;
        const [day] = await usage.days(id, 30);
        assert.deepEqual([day?.requests, day?.promptTokens, day?.completionTokens, day?.costMicros], [3, 112, 3, 7]);
        assert.deepEqual(
          (await usage.models(id, 30)).map((row) => [row.id, row.requests]),
          [
            ['large', 2],
            ['small', 1],
          ],
        );
        assert.deepEqual(
          (await usage.by('person', 30)).map((row) => [row.title, row.requests]),
          [['marie', 3]],
        );
        assert.deepEqual(
          (await usage.by('group', 30)).map((row) => [row.id, row.requests]),
          [[group.id, 3]],
        );
        assert.ok(
          (await usage.by('key', 30)).some((row) => row.id === view.id && row.title === 'script' && row.requests === 1),
        );
      };
      await check(identity);
      await first.close();
      await using again = await openTestIdentity(place, { clock: first.clock });
      await check(again.identity);
    },
  );

  promise('a cap holds over a restart, and a new one knows what was used before it', async (place) => {
    const first = await openTestIdentity(place);
    const who = first.identity.authenticate(atHome);
    use(first.identity, who, 'm', 60);
    const made = await first.identity.quotas.create(who, {
      subject: everybody,
      unit: 'tokens',
      period: 'month',
      limit: 100,
    });
    assert.equal(made.used, 60);
    const minute = await first.identity.quotas.create(who, {
      subject: everybody,
      unit: 'requests',
      period: 'day',
      limit: 3,
    });
    assert.equal(minute.used, 1);
    use(first.identity, who, 'm', 30);
    assert.throws(() => use(first.identity, who, 'm', 11), { code: 'quota_exceeded' });
    assert.equal(first.identity.quotas.remaining(who, 'm').tokens, 10);
    await first.close();
    await using again = await openTestIdentity(place, { clock: first.clock });
    const { identity } = again;
    assert.throws(() => use(identity, who, 'm', 11), { code: 'quota_exceeded' });
    use(identity, who, 'm', 10);
  });

  promise('usage that cannot be written waits, and is booked once', async (place) => {
    await using opened = await openTestIdentity(place);
    const { identity, database } = opened;
    const who = identity.authenticate(atHome);
    use(identity, who, 'm', 10);
    await database.query('ALTER TABLE usage_days RENAME TO gone');
    await assert.rejects(identity.usage.flush());
    use(identity, who, 'm', 10);
    await assert.rejects(identity.usage.flush());
    await database.query('ALTER TABLE gone RENAME TO usage_days');
    await identity.usage.flush();
    const [row] = await identity.usage.models('local', 1);
    assert.deepEqual([row?.requests, row?.promptTokens], [2, 18]);
  });

  promise('a kill -9 loses nothing that was flushed', async (place, context) => {
    const child = spawn(process.execPath, [new URL('../../test/parts/usage-child.ts', import.meta.url).pathname], {
      env: { ...process.env, HOME_UNDER_TEST: place.home, DATABASE_UNDER_TEST: place.databaseUrl ?? '' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    context.after(() => child.kill('SIGKILL'));
    let written = 0;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', reject);
      child.on('message', (message: { written: number }) => {
        written = message.written;
        if (written < 500) return;
        child.removeListener('exit', reject);
        resolve();
      });
    });
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await using opened = await openTestIdentity(place);
    const [row] = await opened.identity.usage.models('local', 1);
    assert.ok((row?.requests ?? 0) >= written, `${row?.requests} of ${written}`);
    assert.equal(row?.completionTokens, 2 * (row?.requests ?? 0), 'a batch is there whole or not at all');
  });
});
