import { randomInt } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';
import { IntramurosError, isIntramurosError, newId, toProblem } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import type { Endpoint, RequestContext, StreamReply } from './endpoint.ts';
import { parseJsonBody } from './json-body.ts';
import type { Peer } from './peer.ts';
import { isOurFault, toOpenAiError, toProblemDocument } from './problems.ts';
import { rateHeaders } from './rate-headers.ts';
import type { ServerOptions } from './server-options.ts';
import { readSignInCookie } from './session-cookie.ts';
import { defaultStreamLimits, writeStream } from './stream-writer.ts';
import { validate } from './validate.ts';

/** One request whose checks are behind it, whichever way it came in. */
export interface Call {
  readonly endpoint: Endpoint;
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly who: Who;
  readonly peer: Peer;
  readonly body: Buffer | undefined;
  readonly controller: AbortController;
}

/** The id that a request gave itself, where it has the form of one. */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : newId('req');
}

// Node joins a header that comes twice with a comma, which no label has: it is refused as one.
function labelHeader(headers: IncomingHttpHeaders): string | undefined {
  const value = headers['x-intramuros-label'];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** What a handler knows besides its parsed input. */
export function contextOf(options: ServerOptions, call: Call): RequestContext {
  const { headers, who, peer } = call;
  return {
    rooms: options.rooms,
    signal: call.controller.signal,
    requestId: call.id,
    log: options.log,
    who,
    peer,
    url: call.url,
    publicUrl: options.publicUrl ?? addressOf(headers, peer),
    signInKept: readSignInCookie(headers.cookie),
    caller: who.kind === 'owner' ? peer.address : who.personId,
    rawBody: call.body,
    labelHeader: labelHeader(headers),
    acceptLanguage: headers['accept-language'],
    accept: headers.accept,
  };
}

/** Address by which a request came: TLS where a trusted proxy or the page's own origin says so, under a name that the guard let in. */
function addressOf(headers: IncomingHttpHeaders, peer: Peer): string {
  const isSecure = peer.secure || headers.origin?.startsWith('https://') === true;
  return `${isSecure ? 'https' : 'http'}://${headers.host ?? 'localhost'}`;
}

/** Parses what an operation takes. @throws {InvalidRequestError} with every wrong field. */
export function parseInput(
  options: ServerOptions,
  { endpoint, body: bytes }: Pick<Call, 'endpoint' | 'body'>,
  address: { readonly params: Readonly<Record<string, string>>; readonly query: unknown },
): Parameters<Endpoint['handle']>[0] {
  const raw = endpoint.body ? readBody(endpoint, bytes) : undefined;
  const body = endpoint.body ? validate(endpoint.body, raw, 'body') : undefined;
  if (endpoint.dialect === 'openai') countIgnored(options, endpoint, raw);
  return {
    params: endpoint.params ? validate(endpoint.params, address.params, 'path') : undefined,
    query: endpoint.query ? validate(endpoint.query, address.query, 'query') : undefined,
    body,
  };
}

function readBody(endpoint: Endpoint, body: Buffer | undefined): unknown {
  const bytes = body ?? Buffer.alloc(0);
  return endpoint.bodyOptional && bytes.length === 0 ? {} : parseJsonBody(bytes);
}

/** Fields that no schema names and that change nothing: ignored, but counted, so that a missing feature shows itself. */
function countIgnored(options: ServerOptions, endpoint: Endpoint, raw: unknown): void {
  if (typeof raw !== 'object' || raw === null || !(endpoint.body instanceof z.ZodObject)) return;
  const { shape } = endpoint.body;
  for (const name of Object.keys(raw)) if (!(name in shape)) options.rooms.metrics.ignoredField(endpoint.path);
}

/** What the caller's caps leave, on the operations that OpenAI's clients look at for it. */
export function rateHeadersOf(
  options: ServerOptions,
  { endpoint, method, who }: Pick<Call, 'endpoint' | 'method' | 'who'>,
): Readonly<Record<string, string>> {
  if (endpoint.dialect !== 'openai' || method !== 'POST') return {};
  return rateHeaders(options.rooms.identity.quotas.statesOf(who));
}

/** A reply that does not fit its own schema is our fault: an error in tests, a counter in production. */
export function checkReply(options: ServerOptions, endpoint: Endpoint, status: number, value: unknown): void {
  if (options.replies === 'sampled' && randomInt(256) > 0) return;
  const schema = endpoint.replies[status];
  if (!schema) return;
  const parsed = schema.safeParse(JSON.parse(JSON.stringify(value)));
  if (parsed.success) return;
  options.rooms.metrics.invalidReply(endpoint.path);
  const issue = parsed.error.issues[0];
  options.log.error({ route: endpoint.path, at: issue?.path.join('.'), issue: issue?.message }, 'reply does not fit');
  if (options.replies === 'always')
    throw new Error(`Reply of ${endpoint.path} does not fit at ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Writes a reply frame by frame, to its end. */
export async function writeEvents(
  options: ServerOptions,
  call: Call,
  response: ServerResponse,
  result: StreamReply,
): Promise<void> {
  response.writeHead(200, {
    'content-type': result.contentType,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-request-id': call.id,
    ...rateHeadersOf(options, call),
    ...result.headers,
  });
  if (call.method === 'HEAD') {
    call.controller.abort(new IntramurosError('cancelled', 'Only the headers were asked for.'));
    response.end();
    return;
  }
  // A first frame that is there already goes in one packet with the headers; silence does not keep them back.
  setImmediate(() => {
    if (!response.writableEnded && !response.destroyed) response.flushHeaders();
  });
  const end = await writeStream(response, result.stream[Symbol.asyncIterator](), {
    abort: (reason) => call.controller.abort(reason),
    keepAlive: result.keepAlive,
    limits: options.streams ?? defaultStreamLimits,
    lastWords: (error) => {
      options.rooms.metrics.refusal(toProblem(error));
      if (isOurFault(error)) options.log.error({ err: error, requestId: call.id }, 'stream failed');
      return call.endpoint.dialect === 'openai'
        ? `data: ${JSON.stringify(toOpenAiError(error))}\n\ndata: [DONE]\n\n`
        : `event: error\ndata: ${JSON.stringify(toProblemDocument(error, call.id))}\n\n`;
    },
  });
  options.rooms.metrics.streamEnd(end);
}

/** The framework's own failures in our words. */
export function translate(error: unknown): unknown {
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
