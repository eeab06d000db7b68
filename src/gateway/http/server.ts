import { randomInt } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { IntramurosError, isIntramurosError, type Logger, newId, toProblem } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import type { GatewayRooms } from '../rooms.ts';
import { openAuthentication } from './authentication.ts';
import type { Endpoint, Reply, StreamReply } from './endpoint.ts';
import { type GuardOptions, openGuard } from './guard.ts';
import { parseJsonBody } from './json-body.ts';
import { negotiate, serialize } from './negotiate.ts';
import { type PathMatch, PathTable } from './path-table.ts';
import { openPeers, type Peer } from './peer.ts';
import { type DialectName, isOurFault, renderFailure, toOpenAiError, toProblemDocument } from './problems.ts';
import { rateHeaders } from './rate-headers.ts';
import { readSignInCookie } from './session-cookie.ts';
import { defaultStreamLimits, type StreamLimits, writeStream } from './stream-writer.ts';
import { validate } from './validate.ts';
import { checkRight, nobody } from './who.ts';

/** How the server of the routes behaves. */
export interface ServerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly rooms: GatewayRooms;
  readonly log: Logger;
  readonly guard: GuardOptions;
  readonly consoleToken: string | undefined;
  readonly onConsole?: (() => void) | undefined;
  readonly trustedProxies: readonly string[];
  /** Address under which people reach the page, without a slash at the end. */
  readonly publicUrl?: string | undefined;
  readonly bodyLimitBytes: number;
  /** `always` fails a reply that does not fit its schema (tests); `sampled` counts one in 256. */
  readonly replies: 'always' | 'sampled';
  readonly streams?: StreamLimits;
  /** Serves what no operation does: the page. Returns false when it has nothing either. */
  readonly fallback?: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>;
}

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

const isApi = (path: string): boolean => /^\/(api|v1)(\/|$)|^\/(metrics|tokenize|detokenize)$/.test(path);

function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : newId('req');
}

// Node joins a header that comes twice with a comma, which no label has: it is refused as one.
function labelHeader(headers: FastifyRequest['headers']): string | undefined {
  const value = headers['x-intramuros-label'];
  return Array.isArray(value) ? value.join(', ') : value;
}

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
  const result = await endpoint.handle(parseInput(options, endpoint, request, match.params), {
    rooms: options.rooms,
    signal: controller.signal,
    requestId: request.id,
    log: options.log,
    who: request.who,
    peer: request.peer,
    url: request.url,
    publicUrl: options.publicUrl ?? addressOf(request),
    signInKept: readSignInCookie(request.headers.cookie),
    caller: request.who.kind === 'owner' ? request.peer.address : request.who.personId,
    rawBody: Buffer.isBuffer(request.body) ? request.body : undefined,
    labelHeader: labelHeader(request.headers),
    acceptLanguage: request.headers['accept-language'],
    accept: request.headers.accept,
  });
  return send(options, request, reply, result, { controller, form });
}

function parseInput(
  options: ServerOptions,
  endpoint: Endpoint,
  request: FastifyRequest,
  params: Readonly<Record<string, string>>,
): Parameters<Endpoint['handle']>[0] {
  const raw = endpoint.body ? readBody(endpoint, request.body) : undefined;
  const body = endpoint.body ? validate(endpoint.body, raw, 'body') : undefined;
  if (endpoint.dialect === 'openai') countIgnored(options, endpoint, raw);
  return {
    params: endpoint.params ? validate(endpoint.params, params, 'path') : undefined,
    query: endpoint.query ? validate(endpoint.query, request.query, 'query') : undefined,
    body,
  };
}

function readBody(endpoint: Endpoint, body: unknown): unknown {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  return endpoint.bodyOptional && bytes.length === 0 ? {} : parseJsonBody(bytes);
}

/** Fields that no schema names and that change nothing: ignored, but counted, so that a missing feature shows itself. */
function countIgnored(options: ServerOptions, endpoint: Endpoint, raw: unknown): void {
  if (typeof raw !== 'object' || raw === null || !(endpoint.body instanceof z.ZodObject)) return;
  const { shape } = endpoint.body;
  for (const name of Object.keys(raw)) if (!(name in shape)) options.rooms.metrics.ignoredField(endpoint.path);
}

async function send(
  options: ServerOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  result: Reply,
  about: { readonly controller: AbortController; readonly form: 'json' | 'yaml' },
): Promise<unknown> {
  if ('stream' in result) return sendStream(options, request, reply, result, about.controller);
  reply.headers(rateHeadersOf(options, request));
  for (const [name, value] of Object.entries(result.headers ?? {})) reply.header(name, value);
  if ('empty' in result && result.cookies) reply.header('set-cookie', [...result.cookies]);
  if ('empty' in result) return reply.code(result.empty).send();
  if ('bytes' in result) {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    return reply.header('content-type', result.contentType).send(result.bytes);
  }
  if ('text' in result) return reply.header('content-type', result.contentType).send(result.text);
  const status = result.status ?? 200;
  checkReply(options, request, status, result.json);
  const { contentType, body } = serialize(result.json, about.form);
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  return reply.code(status).header('content-type', contentType).send(body);
}

/** Address by which a request came: TLS where a trusted proxy or the page's own origin says so, under a name that the guard let in. */
function addressOf({ headers, peer }: FastifyRequest): string {
  const isSecure = peer.secure || headers.origin?.startsWith('https://') === true;
  return `${isSecure ? 'https' : 'http'}://${headers.host ?? 'localhost'}`;
}

/** What the caller's caps leave, on the operations that OpenAI's clients look at for it. */
function rateHeadersOf(
  options: ServerOptions,
  { match, method, who }: FastifyRequest,
): Readonly<Record<string, string>> {
  if (match?.target.dialect !== 'openai' || method !== 'POST') return {};
  return rateHeaders(options.rooms.identity.quotas.statesOf(who));
}

/** A reply that does not fit its own schema is our fault: an error in tests, a counter in production. */
function checkReply(options: ServerOptions, request: FastifyRequest, status: number, value: unknown): void {
  if (options.replies === 'sampled' && randomInt(256) > 0) return;
  const endpoint = request.match?.target;
  const schema = endpoint?.replies[status];
  if (!endpoint || !schema) return;
  const parsed = schema.safeParse(JSON.parse(JSON.stringify(value)));
  if (parsed.success) return;
  options.rooms.metrics.invalidReply(endpoint.path);
  const issue = parsed.error.issues[0];
  options.log.error({ route: endpoint.path, at: issue?.path.join('.'), issue: issue?.message }, 'reply does not fit');
  if (options.replies === 'always')
    throw new Error(`Reply of ${endpoint.path} does not fit at ${issue?.path.join('.')}: ${issue?.message}`);
}

async function sendStream(
  options: ServerOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  result: StreamReply,
  controller: AbortController,
): Promise<unknown> {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    'content-type': result.contentType,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-request-id': request.id,
    ...rateHeadersOf(options, request),
    ...result.headers,
  });
  if (request.method === 'HEAD') {
    controller.abort(new IntramurosError('cancelled', 'Only the headers were asked for.'));
    return response.end();
  }
  // A first frame that is there already goes in one packet with the headers; silence does not keep them back.
  setImmediate(() => {
    if (!response.writableEnded && !response.destroyed) response.flushHeaders();
  });
  const dialect = request.match?.target.dialect ?? 'native';
  const end = await writeStream(response, result.stream[Symbol.asyncIterator](), {
    abort: (reason) => controller.abort(reason),
    keepAlive: result.keepAlive,
    limits: options.streams ?? defaultStreamLimits,
    lastWords: (error) => {
      options.rooms.metrics.refusal(toProblem(error));
      if (isOurFault(error)) options.log.error({ err: error, requestId: request.id }, 'stream failed');
      return dialect === 'openai'
        ? `data: ${JSON.stringify(toOpenAiError(error))}\n\ndata: [DONE]\n\n`
        : `event: error\ndata: ${JSON.stringify(toProblemDocument(error, request.id))}\n\n`;
    },
  });
  options.rooms.metrics.streamEnd(end);
  return undefined;
}

/** Fastify's own failures in our words. */
function translate(error: unknown): unknown {
  if (isIntramurosError(error)) return error;
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new IntramurosError('payload_too_large', 'The body is larger than this server takes (setting "bodyLimit").');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new IntramurosError('unsupported_media_type', 'The body must be JSON with content-type application/json.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new IntramurosError('invalid_request', 'The request cannot be read: check its address and headers.');
  return error;
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
