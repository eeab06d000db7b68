import { z } from 'zod';
import { isIntramurosError, toProblem } from '../../base/index.ts';
import { endpoint, type RequestContext } from '../http/endpoint.ts';
import { signInCookie } from '../http/session-cookie.ts';
import { sessionCookieFor } from './session.ts';

const params = z.object({ id: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'wanted the id of a provider') });
const shared = { tag: 'Session', dialect: 'native', open: true, method: 'GET', params } as const;

const callbackOf = (id: string): string => `/api/session/oidc/${id}/callback`;

/** Back to the page with the reason: it is a browser that comes here, not a program, and it shows no problem document. */
function backWith(error: unknown, context: RequestContext, cookies: readonly string[] = []) {
  if (!isIntramurosError(error) || error.code !== 'sign_in_failed') throw error;
  const problem = toProblem(error);
  context.rooms.metrics.refusal(problem);
  context.log.warn({ reason: problem.facts.reason, requestId: context.requestId }, problem.message);
  const location = `/?signInProblem=${encodeURIComponent(String(problem.facts.reason ?? 'wrong'))}`;
  return { empty: 302 as const, headers: { location, 'cache-control': 'no-store' }, cookies };
}

export const startOidc = endpoint({
  ...shared,
  operationId: 'session.oidc.start',
  path: '/api/session/oidc/{id}/start',
  summary: {
    en: 'Sends the browser to a provider to sign in there.',
    fr: 'Envoie le navigateur chez un fournisseur pour s’y connecter.',
  },
  replies: { 302: null },
  errors: [],
  async handle({ params: { id } }, context) {
    try {
      const redirectUri = `${context.publicUrl}${callbackOf(id)}`;
      const { location, keep, maxAgeSeconds } = await context.rooms.signIn.start(id, redirectUri, context.signal);
      const cookie = signInCookie(keep, { maxAgeSeconds, secure: context.publicUrl.startsWith('https:') });
      return { empty: 302, headers: { location, 'cache-control': 'no-store' }, cookies: [cookie] };
    } catch (error) {
      return backWith(error, context);
    }
  },
});

export const finishOidc = endpoint({
  ...shared,
  operationId: 'session.oidc.callback',
  path: '/api/session/oidc/{id}/callback',
  summary: {
    en: 'Where a provider sends the browser back; opens a session and shows the page.',
    fr: 'Là où un fournisseur renvoie le navigateur ; ouvre une session et montre la page.',
  },
  query: z.looseObject({}),
  replies: { 302: null },
  errors: ['database_unavailable', 'audit_unavailable'],
  async handle({ params: { id } }, context) {
    const { rooms, signal, peer, signInKept } = context;
    const used = signInCookie('', { maxAgeSeconds: 0, secure: false });
    try {
      const url = new URL(context.url, context.publicUrl);
      const proven = await rooms.signIn.finish(id, url, signInKept, signal);
      const signed = await rooms.identity.admit(proven, { address: peer.address });
      const cookie = await sessionCookieFor(signed, context);
      return { empty: 302, headers: { location: '/', 'cache-control': 'no-store' }, cookies: [used, cookie] };
    } catch (error) {
      return backWith(error, context, [used]);
    }
  },
});
