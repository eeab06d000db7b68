import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
// @ts-expect-error the package has no types
import OidcProvider from 'oidc-provider';

/** Somebody at the provider, with what it says of them. */
export type Account = Readonly<Record<string, unknown>> & { readonly sub: string };

/** A real OpenID Connect provider (`oidc-provider`) on loopback, where whoever is `account` signs in without being asked. */
export interface OidcServer extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  account: Account;
  /** Signs with a new key from now on and shows that one alone. */
  changeKey(): void;
  /** Shows another key than it signs with, as whoever stands between would. */
  showForeignKey(): void;
  /** Goes the way of a browser from an address to the one that begins with `until`. */
  browse(from: string, until: string): Promise<URL>;
}

export async function startOidcServer(options: {
  readonly redirectUri: string;
  readonly signedUserInfo?: boolean;
}): Promise<OidcServer> {
  const clientId = 'intramuros';
  const clientSecret = 'a secret of the provider and us alone';
  let account: Account = { sub: 'nobody' };
  let callback: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  // biome-ignore lint/suspicious/noExplicitAny: the package has no types
  let provider: any;
  let foreignKeys: string | undefined;
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith('/interaction/')) await answerForPerson(provider, account, request, response);
    else if (request.url === '/jwks' && foreignKeys)
      response.setHeader('content-type', 'application/json').end(foreignKeys);
    else callback(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  let number = 0;
  const newKey = (): Record<string, unknown> => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 }) as { privateKey: KeyObject };
    return { ...privateKey.export({ format: 'jwk' }), kid: `key-${++number}`, use: 'sig', alg: 'RS256' };
  };
  const open = (): void => {
    provider = new OidcProvider(issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [options.redirectUri],
          response_types: ['code'],
          grant_types: ['authorization_code'],
          ...(options.signedUserInfo ? { userinfo_signed_response_alg: 'RS256' } : {}),
        },
      ],
      jwks: { keys: [newKey()] },
      cookies: { keys: ['for tests'] },
      claims: {
        openid: ['sub'],
        profile: ['name', 'preferred_username', 'given_name', 'usual_name', 'groups', 'realm_access'],
        email: ['email'],
      },
      findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ ...account, sub: id }) }),
      features: { devInteractions: { enabled: false }, jwtUserinfo: { enabled: options.signedUserInfo ?? false } },
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Grant: 60, Interaction: 60, Session: 60 },
    });
    callback = provider.callback();
  };
  open();
  return {
    issuer,
    clientId,
    clientSecret,
    get account() {
      return account;
    },
    set account(value) {
      account = value;
    },
    changeKey: open,
    showForeignKey() {
      const { d, p, q, dp, dq, qi, ...shown } = newKey();
      foreignKeys = JSON.stringify({ keys: [{ ...shown, kid: `key-${number - 1}` }] });
    },
    browse: (from, until) => browse(from, until),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the package has no types
async function answerForPerson(provider: any, account: Account, request: IncomingMessage, response: ServerResponse) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: account.sub } });
    return;
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const grantId = await grant.save();
  await provider.interactionFinished(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true });
}

/** A browser of a few lines: keeps cookies, follows redirects. */
async function browse(from: string, until: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let at = from;
  for (let hops = 0; hops < 12; hops += 1) {
    if (at.startsWith(until)) return new URL(at);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const line of reply.headers.getSetCookie()) {
      const [name = '', ...value] = (line.split(';')[0] ?? '').split('=');
      cookies.set(name, value.join('='));
    }
    const next = reply.headers.get('location');
    if (next === null)
      throw new Error(`The provider stopped at ${at}: ${reply.status} ${(await reply.text()).slice(0, 300)}`);
    await reply.body?.cancel();
    at = new URL(next, at).href;
  }
  throw new Error('The provider sends the browser in circles.');
}
