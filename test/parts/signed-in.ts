import assert from 'node:assert/strict';
import type { AskOptions, TestGateway } from './test-gateway.ts';

/** Password of the first administrator, and a frame for others. */
export const goodPassword = 'correct horse battery';

/** The cookie of a reply, as a browser sends it back. */
export function cookieOf(reply: Response): string {
  const found = reply.headers.get('set-cookie')?.split(';', 1)[0];
  assert.ok(found, 'the reply sets no cookie');
  return found;
}

/** Signs in over HTTP; asks in that name from then on. */
export async function signIn(
  gateway: TestGateway,
  name = 'alice',
  password = goodPassword,
): Promise<{ readonly cookie: string; ask(path: string, options?: AskOptions): Promise<Response> }> {
  const reply = await gateway.ask('/api/session', { body: { name, password } });
  assert.equal(reply.status, 200, await reply.clone().text());
  const cookie = cookieOf(reply);
  return {
    cookie,
    ask: (path, options = {}) => gateway.ask(path, { ...options, headers: { cookie, ...options.headers } }),
  };
}
