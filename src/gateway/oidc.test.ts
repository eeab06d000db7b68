import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOidcServer } from '../../test/parts/oidc-server.ts';
import { goodPassword } from '../../test/parts/signed-in.ts';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';

const publicUrl = 'https://assistant.example';
const callback = '/api/session/oidc/house/callback';

const go = (gateway: TestGateway, path: string, cookie = ''): Promise<Response> =>
  fetch(`${gateway.address}${path}`, { redirect: 'manual', headers: cookie ? { cookie } : {} });
const cookies = (reply: Response): string[] => reply.headers.getSetCookie().map((text) => text.split(';', 1)[0] ?? '');

test('a person signs in at a real provider and is somebody here; a way back without its beginning is refused', async () => {
  await using provider = await startOidcServer({ redirectUri: `${publicUrl}${callback}` });
  provider.account = { sub: '4711', preferred_username: 'ada', name: 'Ada Lovelace', groups: [] };
  await using gateway = await openTestGateway({
    accounts: goodPassword,
    publicUrl: `${publicUrl}/`,
    signIn: {
      directory: undefined,
      providers: [
        {
          id: 'house',
          title: 'House',
          issuer: provider.issuer,
          clientId: provider.clientId,
          clientSecret: provider.clientSecret,
          scopes: ['openid', 'profile', 'email'],
          hosts: [],
          idTokenAlgorithm: 'RS256',
          parameters: {},
          claims: { name: 'preferred_username', displayName: 'name', email: 'email', groups: 'groups' },
        },
      ],
    },
  });
  const session = (await (await gateway.ask('/api/session')).json()) as { signIn: { oidc: unknown } };
  assert.deepEqual(session.signIn.oidc, [{ id: 'house', title: 'House' }]);

  const start = await go(gateway, '/api/session/oidc/house/start');
  assert.equal(start.status, 302);
  const kept = start.headers.get('set-cookie') ?? '';
  assert.match(
    kept,
    /^intramuros_sign_in=[\w-]+; Path=\/api\/session\/oidc; HttpOnly; SameSite=Lax; Max-Age=\d+; Secure$/,
  );
  const back = await provider.browse(start.headers.get('location') ?? '', publicUrl);
  const way = `${back.pathname}${back.search}`;

  const without = await go(gateway, way);
  assert.equal(without.status, 302);
  assert.match(without.headers.get('location') ?? '', /^\/\?signInProblem=/);
  assert.ok(!cookies(without).some((cookie) => cookie.startsWith('intramuros_session=')), 'somebody else’s way back');

  const done = await go(gateway, way, cookies(start).join('; '));
  assert.equal(done.headers.get('location'), '/', done.headers.get('location') ?? '');
  const cookie = cookies(done).find((each) => each.startsWith('intramuros_session='));
  assert.ok(cookie);
  assert.match(
    done.headers.getSetCookie().find((each) => each.startsWith('intramuros_session')) ?? '',
    /SameSite=Strict.*Secure/,
  );
  const { who } = (await (await gateway.ask('/api/session', { headers: { cookie } })).json()) as {
    who: { displayName: string; roles: string[] };
  };
  assert.deepEqual([who.displayName, who.roles], ['Ada Lovelace', ['member']]);

  const twice = await go(gateway, way, cookies(start).join('; '));
  assert.match(twice.headers.get('location') ?? '', /^\/\?signInProblem=/, 'a code is spent');
  const unknown = await go(gateway, '/api/session/oidc/nobody/start');
  assert.equal(unknown.headers.get('location'), '/?signInProblem=unknown_provider');
});
