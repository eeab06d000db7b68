import { z } from 'zod';
import { IntramurosError, isIntramurosError } from '../../base/index.ts';
import type { SignedIn } from '../../identity/index.ts';
import { endpoint, type Reply, type RequestContext } from '../http/endpoint.ts';
import { unfit } from '../http/missing.ts';
import { RestatedError } from '../http/problems.ts';
import { clearedCookie, cookieOf } from '../http/session-cookie.ts';
import { isNobody } from '../http/who.ts';
import { titleText } from './conversation-schemas.ts';
import { Password, SignInName, TriedName, WhoView, whoView } from './people-schemas.ts';

const SessionView = z
  .object({
    mode: z.enum(['single', 'accounts']).meta({ description: '`single` until the first account is made.' }),
    canSetUp: z.boolean().meta({ description: 'Whether the first administrator can be made from here.' }),
    who: WhoView.nullable(),
    signIn: z.object({
      password: z.boolean(),
      ldap: z.boolean(),
      oidc: z.array(z.object({ id: z.string(), title: z.string() })),
    }),
  })
  .meta({ id: 'Session' });

export const getSession = endpoint({
  operationId: 'session.get',
  method: 'GET',
  path: '/api/session',
  tag: 'Session',
  summary: {
    en: 'Who asks, and how one may sign in here.',
    fr: 'Qui demande, et comment se connecter ici.',
  },
  dialect: 'native',
  open: true,
  replies: { 200: SessionView },
  errors: [],
  handle: (_input, { rooms: { identity, signIn }, who, peer }) => ({
    json: {
      mode: identity.mode,
      canSetUp: identity.mode === 'single' && peer.loopback && who.kind === 'owner',
      who: isNobody(who) ? null : whoView(who),
      signIn: {
        password: identity.mode === 'accounts',
        ldap: signIn.directory !== undefined,
        oidc: signIn.providers.map(({ id, title }) => ({ id, title })),
      },
    },
  }),
});

/** The cookie of a new session; the session that the browser had before ends. */
export async function sessionCookieFor({ token, expiresAt }: SignedIn, context: RequestContext): Promise<string> {
  if (context.who.sessionId !== undefined) await context.rooms.identity.sessions.signOut(context.who.sessionId);
  return cookieOf(token, { expiresAt, secure: context.publicUrl.startsWith('https:') });
}

/** Whose the new session is, with its cookie. */
async function signedIn(signed: SignedIn, context: RequestContext, status = 200): Promise<Reply> {
  const cookie = await sessionCookieFor(signed, context);
  return { json: whoView(signed.who), status, headers: { 'set-cookie': cookie } };
}

/** Too many failures is a 429 with the time to wait; the rest is a 401 that does not say which of the two was wrong. */
export function restated(error: unknown): unknown {
  if (!isIntramurosError(error) || error.code !== 'sign_in_failed') return error;
  return error.facts.reason === 'slow_down' ? new RestatedError(error, 429) : error;
}

export const createSession = endpoint({
  operationId: 'session.create',
  method: 'POST',
  path: '/api/session',
  tag: 'Session',
  summary: {
    en: 'Signs in with a name and a password; repeated failures make wait.',
    fr: 'Connecte avec un nom et un mot de passe ; les échecs répétés font attendre.',
  },
  dialect: 'native',
  open: true,
  body: z.strictObject({ name: TriedName, password: Password }).meta({ id: 'SignIn' }),
  replies: { 200: WhoView },
  errors: ['sign_in_failed', 'database_unavailable'],
  restated: { 429: ['sign_in_failed'] },
  async handle({ body: { name, password } }, context) {
    const { rooms, peer, signal } = context;
    const directory = rooms.signIn.directory;
    const attempt = {
      name,
      password,
      address: peer.address,
      ...(directory ? { directory: (as: string, secret: string) => directory(as, secret, signal) } : {}),
    };
    const signed = await rooms.identity.sessions.signIn(attempt).catch((error: unknown) => {
      throw restated(error);
    });
    return signedIn(signed, context);
  },
});

export const deleteSession = endpoint({
  operationId: 'session.delete',
  method: 'DELETE',
  path: '/api/session',
  tag: 'Session',
  summary: {
    en: 'Signs out; without a session nothing happens.',
    fr: 'Déconnecte ; sans session, il ne se passe rien.',
  },
  dialect: 'native',
  open: true,
  replies: { 204: null },
  errors: ['database_unavailable'],
  async handle(_input, { rooms, who }) {
    if (who.sessionId !== undefined) await rooms.identity.sessions.signOut(who.sessionId);
    return { empty: 204, headers: { 'set-cookie': clearedCookie } };
  },
});

export const setUpAdministrator = endpoint({
  operationId: 'setup.administrator',
  method: 'POST',
  path: '/api/setup/administrator',
  tag: 'Session',
  summary: {
    en: 'Makes the first account, from the machine itself: it gets every right and what the owner had.',
    fr: 'Crée le premier compte, depuis la machine elle-même : il reçoit tous les droits et ce que le propriétaire avait.',
  },
  dialect: 'native',
  open: true,
  body: z
    .strictObject({ name: SignInName, displayName: titleText.optional(), password: Password })
    .meta({ id: 'FirstAdministrator' }),
  replies: { 201: WhoView },
  errors: ['forbidden', 'conflict', 'password_weak', 'database_unavailable', 'audit_unavailable'],
  async handle({ body }, context) {
    const { rooms, who, peer } = context;
    if (rooms.identity.mode === 'accounts')
      throw new IntramurosError('conflict', 'There is an administrator already. Sign in, or ask them for an account.');
    if (!peer.loopback || who.kind !== 'owner') {
      const message =
        'The first administrator is made from the machine itself. Open its page there, or use "intramuros user add".';
      throw new IntramurosError('forbidden', message, { facts: { reason: 'not_local' } });
    }
    return signedIn(await rooms.identity.setUp(body).catch(unfit), context, 201);
  },
});
