import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { emptyPlace } from '../../test/parts/databases.ts';
import { type DirectoryServer, startSlapd } from '../../test/parts/slapd.ts';
import { silentLog, systemClock } from '../base/index.ts';
import { openEgress } from '../egress/index.ts';
import { escapeFilter } from './directory.ts';
import { openSignIn } from './index.ts';
import type { DirectorySettings } from './settings.ts';

let started: Promise<DirectoryServer | { readonly unavailable: string }> | undefined;
let running: DirectoryServer | undefined;
after(async () => running?.[Symbol.asyncDispose]());

/** One directory for all tests: two people of one surname, a group, a name made to mislead a filter. */
async function startDirectory(): Promise<DirectoryServer | { readonly unavailable: string }> {
  const server = await startSlapd();
  if ('unavailable' in server) return server;
  running = server;
  const person = (uid: string, cn: string, password: string): Promise<void> =>
    server.add(`uid=${escapeDn(uid)},${server.baseDn}`, {
      objectClass: ['inetOrgPerson'],
      uid,
      cn,
      sn: 'Lovelace',
      mail: `${cn.toLowerCase().replace(/[^a-z]+/g, '.')}@example.org`,
      userPassword: password,
    });
  await person('ada', 'Ada Lovelace', 'analytical engine');
  await person('éva(*)', 'Éva Kovács', 'élan vital');
  await server.add(`uid=ada2,${server.baseDn}`, {
    objectClass: ['inetOrgPerson'],
    uid: ['ada2', 'twin'],
    cn: 'Ada Twin',
    sn: 'Twin',
    userPassword: 'analytical engine',
  });
  await server.add(`uid=ada3,${server.baseDn}`, {
    objectClass: ['inetOrgPerson'],
    uid: ['ada3', 'twin'],
    cn: 'Ada Third',
    sn: 'Twin',
    userPassword: 'analytical engine',
  });
  await server.add(`cn=analysts,${server.baseDn}`, {
    objectClass: ['groupOfNames'],
    cn: 'analysts',
    member: [`uid=ada,${server.baseDn}`],
  });
  return server;
}

const escapeDn = (value: string): string =>
  value.replace(/[(*)]/g, (letter) => `\\${letter.charCodeAt(0).toString(16)}`);

function promise(
  name: string,
  body: (
    server: DirectoryServer,
    prove: (options?: Partial<DirectorySettings>) => ReturnType<typeof prover>,
    context: TestContext,
  ) => Promise<void>,
): void {
  test(name, async (context) => {
    started ??= startDirectory();
    const server = await started;
    if ('unavailable' in server) return context.skip(server.unavailable);
    await body(server, (options) => prover(server, context, options), context);
  });
}

function prover(server: DirectoryServer, context: TestContext, options: Partial<DirectorySettings> = {}) {
  const egress = openEgress({ home: emptyPlace(context).home, offline: false, log: silentLog(), clock: systemClock });
  context.after(() => egress.close());
  const { directory } = openSignIn({
    egress,
    settings: {
      providers: [],
      directory: {
        url: server.url,
        startTls: false,
        bindDn: server.adminDn,
        bindPassword: server.adminPassword,
        baseDn: server.baseDn,
        userFilter: '(uid={name})',
        attributes: { id: 'entryUUID', name: 'uid', displayName: 'cn', email: 'mail' },
        groups: { attribute: 'memberOf' },
        timeoutMs: 5_000,
        ...options,
      },
    },
  });
  return { prove: directory ?? (() => Promise.reject(new Error('no directory'))), egress };
}

promise(
  'a directory says who somebody is, with their groups, and every byte of it is in the ledger',
  async (server, open) => {
    const { prove, egress } = open();
    const person = await prove('ada', 'analytical engine');
    assert.match(person?.externalId ?? '', /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    assert.deepEqual(
      { ...person, externalId: '' },
      {
        origin: 'ldap',
        externalId: '',
        name: 'ada',
        displayName: 'Ada Lovelace',
        email: 'ada.lovelace@example.org',
        groups: [`cn=analysts,${server.baseDn}`],
      },
    );
    const [total] = egress.totals().filter(({ purpose }) => purpose === 'sign-in');
    assert.equal(total?.connections, 2);
    assert.ok((total?.sentBytes ?? 0) > 100 && (total?.receivedBytes ?? 0) > 100);
  },
);

promise('groups can be searched by the name of the person’s entry', async (server, open) => {
  const { prove } = open({
    groups: { baseDn: server.baseDn, filter: '(&(objectClass=groupOfNames)(member={dn}))', name: 'cn' },
  });
  assert.deepEqual((await prove('ada', 'analytical engine'))?.groups, ['analysts']);
});

promise('wrong and empty passwords, unknown names and names of two people let nobody in', async (_, open) => {
  const { prove } = open();
  for (const [name, password] of [
    ['ada', 'wrong'],
    ['ada', ''],
    ['nobody', 'analytical engine'],
    ['', 'analytical engine'],
    ['twin', 'analytical engine'],
  ] as const) {
    assert.equal(await prove(name, password), undefined, `${name} with "${password}"`);
  }
});

promise('a name cannot widen the search, and a name with a filter’s own letters is found', async (_, open) => {
  const { prove } = open();
  for (const name of ['*', 'ad*', 'ada)(uid=*', 'ada)(|(uid=*', 'ada\u0000', '\\61da']) {
    assert.equal(await prove(name, 'analytical engine'), undefined, name);
  }
  assert.equal((await prove('éva(*)', 'élan vital'))?.displayName, 'Éva Kovács');
});

promise(
  'TLS from the first byte and by StartTLS, refused under a certificate that is not trusted',
  async (server, open) => {
    const port = new URL(server.url.replace('ldap:', 'http:')).port;
    const startTls = { url: `ldap://localhost:${port}`, startTls: true };
    for (const way of [{ url: server.secureUrl }, startTls]) {
      const { prove } = open({ ...way, caFile: server.caFile });
      assert.equal((await prove('ada', 'analytical engine'))?.name, 'ada');
      const { prove: proveUntrusted } = open(way);
      await assert.rejects(proveUntrusted('ada', 'analytical engine'), { facts: { reason: 'directory_unavailable' } });
    }
  },
);

promise('a directory that is gone, or refuses the service account, is no wrong password', async (_, open) => {
  for (const options of [{ url: 'ldap://127.0.0.1:1' }, { bindPassword: 'wrong' }]) {
    const { prove } = open(options);
    await assert.rejects(prove('ada', 'analytical engine'), {
      code: 'sign_in_failed',
      facts: { reason: 'directory_unavailable' },
    });
  }
});

test('what would end a filter is written as bytes', () => {
  assert.equal(escapeFilter('a*b(c)\\d\u0000é'), 'a\\2ab\\28c\\29\\5cd\\00é');
});
