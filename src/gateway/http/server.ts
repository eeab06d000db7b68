import type { IncomingMessage, ServerResponse } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { IntramurosError, newId, toProblem } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import { openAuthentication } from './authentication.ts';
import { openDirect } from './direct.ts';
import type { Endpoint, Reply } from './endpoint.ts';
import { openGuard } from './guard.ts';
import { negotiate, serialize } from './negotiate.ts';
import { type PathMatch, PathTable } from './path-table.ts';
import { openPeers, type Peer } from './peer.ts';
import { type DialectName, isOurFault, renderFailure } from './problems.ts';
import type { ServerOptions } from './server-options.ts';
import {
  type Call,
  checkReply,
  contextOf,
  parseInput,
  rateHeadersOf,
  requestId,
  translate,
  writeEvents,
} from './serving.ts';
import { checkRight, nobody } from './who.ts';

declare module 'fastify' {
  interface FastifyRequest {
    match: PathMatch<Endpoint> | undefined;
    startedAt: number;
    who: Who;
    peer: Peer;
  }
}

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;
const dialectOfPath = (path: string): DialectName =>
  /^\/(v1\/|v1$|tokenize$|detokenize$)/.test(path) ? 'openai' : 'native';

/** Makes the HTTP server; it does not listen yet. */
export function openServer(options: ServerOptions): FastifyInstance {
  const table = new PathTable<Endpoint>();
  for (const endpoint of options.endpoints) table.add(endpoint.method, endpoint.path, endpoint);
  const guard = openGuard(options.guard);
  const peers = openPeers(options.trustedProxies);
  const authenticate = openAuthentication({
    identity: options.rooms.identity,
    consoleToken: options.consoleToken,
    onConsole: options.onConsole,
  });
  const server = Fastify({
    logger: false,
    bodyLimit: options.bodyLimitBytes,
    requestTimeout: 120_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    genReqId: ({ headers }) => requestId(headers['x-request-id']),
    http: {
      // A model id of 2,000 characters, percent-encoded, is an address of 24 KB.
      maxHeaderSize: 64 * 1024,
      headersTimeout: 20_000,
      connectionsCheckingInterval: 5_000,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, request, reply) => fail(options, request, reply, error),
  });
  acceptOnlyJson(server);
  server.decorateRequest('match', undefined);
  server.decorateRequest('startedAt', 0);
  server.decorateRequest('who', undefined as unknown as Who);
  server.decorateRequest('peer', undefined as unknown as Peer);
  server.addHook('onRequest', async (request, reply) => {
    request.startedAt = performance.now();
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    const path = pathOf(request.url);
    request.match = table.find(request.method === 'HEAD' ? 'GET' : request.method, path);
    const { headers, raw } = request;
    guard({ method: request.method, headers });
    request.peer = peers.of(raw.socket.remoteAddress, headers);
    request.who = nobody;
    const open = request.match?.target.open === true;
    if (request.match || isApi(path))
      request.who = authenticate({ headers, rawHeaders: raw.rawHeaders, loopback: request.peer.loopback, open });
    if (!request.match) refuseMethod(table, request, reply, path);
    else checkRight(request.match.target, request.who);
  });
  server.addHook('onResponse', async (request, reply) => {
    const route = request.match?.target.path ?? 'none';
    options.rooms.metrics.request(route, request.method, reply.statusCode, performance.now() - request.startedAt);
  });
  let isClosing = false;
  server.addHook('preClose', async () => {
    isClosing = true;
  });
  shorten(server, openDirect(options, { guard, peers, authenticate, isClosing: () => isClosing }));
  server.setErrorHandler((error, request, reply) => fail(options, request, reply, error));
  server.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/*',
    handler: (request, reply) => serve(options, request, reply),
  });
  server.setNotFoundHandler(() => {
    throw new IntramurosError('method_not_allowed', 'This method is served nowhere.');
  });
  return server;
}

/** Puts the short way before the framework. */
function shorten(
  server: FastifyInstance,
  direct: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean,
): void {
  const long = server.server.listeners('request') as ((incoming: IncomingMessage, outgoing: ServerResponse) => void)[];
  server.server.removeAllListeners('request').on('request', (incoming, outgoing) => {
    if (!direct(incoming, outgoing)) for (const listener of long) listener(incoming, outgoing);
  });
}

const isApi = (path: string): boolean => /^\/(api|v1)(\/|$)|^\/(metrics|tokenize|detokenize)$/.test(path);

/** Bodies are JSON; anything else is refused before it is read. */
function acceptOnlyJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parseAs = { parseAs: 'buffer' as const };
  server.addContentTypeParser(/^application\/(.+\+)?json$/, parseAs, (_request, body, done) => done(null, body));
  server.addContentTypeParser('*', (request, _payload, done) => {
    const found = request.headers['content-type']?.slice(0, 100) ?? 'none';
    const message = `The body must be JSON with content-type application/json; the request says "${found}".`;
    done(new IntramurosError('unsupported_media_type', message));
  });
}

function refuseMethod(table: PathTable<Endpoint>, request: FastifyRequest, reply: FastifyReply, path: string): void {
  const methods = table.methods(path);
  const allowed = methods.length > 0 ? methods : isApi(path) ? [] : ['GET', 'HEAD', 'OPTIONS'];
  if (allowed.length > 0) reply.header('allow', allowed.join(', '));
  if (request.method === 'OPTIONS' && allowed.length > 0) return;
  if (methods.length === 0 && (isApi(path) || ['GET', 'HEAD'].includes(request.method))) {
    if (isApi(path))
      throw new IntramurosError('not_found', 'There is nothing at this address. See /docs for those that exist.');
    return;
  }
  const message = `${request.method} is not served here. Use ${allowed.join(', ')}.`;
  throw new IntramurosError('method_not_allowed', message);
}

async function serve(options: ServerOptions, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { match } = request;
  if (!match && request.method === 'OPTIONS') return reply.code(204).send();
  if (!match) {
    if (await options.fallback?.(request, reply)) return reply;
    throw new IntramurosError('not_found', 'There is nothing at this address. See /docs for those that exist.');
  }
  const endpoint = match.target;
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new IntramurosError('cancelled', 'The client left.'));
  });
  const form = endpoint.replyTypes === undefined ? negotiate(request.headers.accept) : 'json';
  const call: Call = {
    endpoint,
    id: request.id,
    method: request.method,
    url: request.url,
    headers: request.headers,
    who: request.who,
    peer: request.peer,
    body: Buffer.isBuffer(request.body) ? request.body : undefined,
    controller,
  };
  const input = parseInput(options, call, { params: match.params, query: request.query });
  return send(options, reply, await endpoint.handle(input, contextOf(options, call)), { call, form });
}

async function send(
  options: ServerOptions,
  reply: FastifyReply,
  result: Reply,
  { call, form }: { readonly call: Call; readonly form: 'json' | 'yaml' },
): Promise<unknown> {
  if ('stream' in result) {
    reply.hijack();
    return writeEvents(options, call, reply.raw, result);
  }
  reply.headers(rateHeadersOf(options, call));
  for (const [name, value] of Object.entries(result.headers ?? {})) reply.header(name, value);
  if ('empty' in result && result.cookies) reply.header('set-cookie', [...result.cookies]);
  if ('empty' in result) return reply.code(result.empty).send();
  if ('bytes' in result) {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    return reply.header('content-type', result.contentType).send(result.bytes);
  }
  if ('text' in result) return reply.header('content-type', result.contentType).send(result.text);
  const status = result.status ?? 200;
  checkReply(options, call.endpoint, status, result.json);
  const { contentType, body } = serialize(result.json, form);
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  return reply.code(status).header('content-type', contentType).send(body);
}

function fail(options: ServerOptions, request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
  const error = translate(thrown);
  if (isOurFault(error)) options.log.error({ err: error, requestId: request.id }, 'request failed');
  options.rooms.metrics.refusal(toProblem(error));
  const path = pathOf(request.url);
  const dialect = request.match?.target.dialect ?? dialectOfPath(path);
  const { status, headers, body } = renderFailure(error, {
    dialect,
    accept: request.headers.accept,
    requestId: request.id,
  });
  // A body that was not read is drained, not cut off: a reset would take the reply with it before the client reads it.
  if (toProblem(error).code === 'payload_too_large') reply.removeHeader('connection');
  reply.header('x-request-id', request.id).headers(headers).code(status).send(body);
}

/** Answers what is not even HTTP: malformed, too large or too slow headers. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: import('node:net').Socket): void {
  if (socket.destroyed || error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request'];
  const id = newId('req');
  const body = JSON.stringify({
    type: 'urn:intramuros:error:invalid_request',
    title: phrase,
    status,
    detail: `The request could not be read as HTTP (${phrase}).`,
    code: 'invalid_request',
    requestId: id,
  });
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\nconnection: close\r\ncontent-type: application/problem+json\r\nx-request-id: ${id}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
