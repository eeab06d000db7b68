import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { emptyPlace } from '../../test/parts/databases.ts';
import { handClock } from '../../test/parts/identities.ts';
import { type OidcServer, startOidcServer } from '../../test/parts/oidc-server.ts';
import { silentLog, systemClock } from '../base/index.ts';
import { type Egress, openEgress } from '../egress/index.ts';
import { openSignIn, type SignInRoom } from './index.ts';

const redirectUri = 'http://127.0.0.1:8420/api/session/oidc/house/callback';
type Given = Parameters<typeof openSignIn>[0]['settings']['providers'][number];

interface Parts extends AsyncDisposable {
  readonly server: OidcServer;
  readonly egress: Egress;
  readonly signIn: SignInRoom;
  readonly clock: ReturnType<typeof handClock>;
  /** Goes there and back, and gives what the browser brings. */
  goAndComeBack(): Promise<{ readonly url: URL; readonly keep: string }>;
}

async function open(
  context: TestContext,
  settings: Partial<Given> & { readonly signedUserInfo?: boolean } = {},
): Promise<Parts> {
  const { signedUserInfo, ...given } = settings;
  const server = await startOidcServer({ redirectUri, ...(signedUserInfo ? { signedUserInfo } : {}) });
  const egress = openEgress({ home: emptyPlace(context).home, offline: false, log: silentLog(), clock: systemClock });
  const clock = handClock();
  const signIn = openSignIn({
    clock,
    egress,
    settings: {
      directory: undefined,
      providers: [
        {
          id: 'house',
          title: 'House',
          issuer: server.issuer,
          clientId: server.clientId,
          clientSecret: server.clientSecret,
          scopes: ['openid', 'profile', 'email'],
          hosts: [],
          idTokenAlgorithm: 'RS256',
          parameters: {},
          claims: { name: 'preferred_username', displayName: 'name', email: 'email', groups: 'groups' },
          ...given,
        },
      ],
    },
  });
  return {
    server,
    egress,
    signIn,
    clock,
    async goAndComeBack() {
      const { location, keep } = await signIn.start('house', redirectUri);
      return { url: await server.browse(location, redirectUri), keep };
    },
    async [Symbol.asyncDispose]() {
      await egress.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const ada = {
  sub: '4711',
  preferred_username: 'ada',
  name: 'Ada Lovelace',
  email: 'ada@example.org',
  groups: ['analysts', 'staff'],
};
const refused = { code: 'sign_in_failed' };

test('a provider says who somebody is, and every byte of it is in the ledger', async (context) => {
  await using parts = await open(context);
  parts.server.account = ada;
  const { url, keep } = await parts.goAndComeBack();
  assert.deepEqual(await parts.signIn.finish('house', url, keep), {
    origin: 'oidc',
    externalId: JSON.stringify([parts.server.issuer, '4711']),
    name: 'ada',
    displayName: 'Ada Lovelace',
    email: 'ada@example.org',
    groups: ['analysts', 'staff'],
  });
  const totals = parts.egress.totals().filter(({ purpose }) => purpose === 'sign-in');
  assert.ok(totals.some(({ sentBytes, receivedBytes }) => sentBytes > 500 && receivedBytes > 2_000));
});

test('an answer signed as ProConnect signs it, names from parts, groups from within an object', async (context) => {
  await using parts = await open(context, {
    signedUserInfo: true,
    userInfoAlgorithm: 'RS256',
    claims: { name: 'preferred_username', displayName: 'name', email: 'email', groups: 'realm_access.roles' },
  });
  parts.server.account = {
    sub: '1',
    email: 'a.l@example.org',
    given_name: 'Ada',
    usual_name: 'Lovelace',
    realm_access: { roles: ['r1'] },
  };
  const { url, keep } = await parts.goAndComeBack();
  const person = await parts.signIn.finish('house', url, keep);
  assert.deepEqual([person.name, person.displayName, person.groups], ['a.l@example.org', 'Ada Lovelace', ['r1']]);
});

test('a key that the provider changed is known at the next sign-in', async (context) => {
  await using parts = await open(context);
  parts.server.account = ada;
  const first = await parts.goAndComeBack();
  await parts.signIn.finish('house', first.url, first.keep);
  parts.server.changeKey();
  const second = await parts.goAndComeBack();
  assert.equal((await parts.signIn.finish('house', second.url, second.keep)).name, 'ada');
});

test('a token that the shown keys did not sign lets nobody in', async (context) => {
  await using parts = await open(context);
  parts.server.account = ada;
  const { url, keep } = await parts.goAndComeBack();
  parts.server.showForeignKey();
  await assert.rejects(parts.signIn.finish('house', url, keep), { ...refused, facts: { reason: 'provider_refused' } });
});

test('a way back that was not begun here, was changed, comes twice or late lets nobody in', async (context) => {
  await using parts = await open(context);
  parts.server.account = ada;
  const { url, keep } = await parts.goAndComeBack();
  const finish = (at: URL, kept: string | undefined) => parts.signIn.finish('house', at, kept);
  const changed = (values: object): string =>
    Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(keep, 'base64url').toString()), ...values })).toString(
      'base64url',
    );
  const other = new URL(url);
  other.searchParams.set('state', 'of-somebody-else');
  await assert.rejects(finish(url, undefined), refused);
  await assert.rejects(finish(url, 'no json'), refused);
  await assert.rejects(finish(other, keep), refused);
  await assert.rejects(finish(url, changed({ id: 'another' })), refused);
  await assert.rejects(finish(url, changed({ nonce: 'another' })), refused);
  const again = await parts.goAndComeBack();
  await assert.rejects(finish(again.url, keep), refused, 'the verifier of another sign-in');
  const third = await parts.goAndComeBack();
  await finish(third.url, third.keep);
  await assert.rejects(finish(third.url, third.keep), refused, 'a code is used once');
  const late = await parts.goAndComeBack();
  parts.clock.pass(10 * 60_000 + 1);
  await assert.rejects(finish(late.url, late.keep), refused);
});

test('a provider that is gone, or unknown, is said so', async (context) => {
  await using parts = await open(context);
  await assert.rejects(parts.signIn.start('elsewhere', redirectUri), { facts: { reason: 'unknown_provider' } });
  await parts.server[Symbol.asyncDispose]();
  await assert.rejects(parts.signIn.start('house', redirectUri), {
    ...refused,
    facts: { reason: 'provider_unavailable' },
  });
});
