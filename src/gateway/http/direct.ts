import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { IntramurosError, toProblem } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import type { Asked } from './authentication.ts';
import type { Endpoint, Reply } from './endpoint.ts';
import { negotiate, serialize } from './negotiate.ts';
import type { Peers } from './peer.ts';
import { isOurFault, renderFailure } from './problems.ts';
import type { ServerOptions } from './server-options.ts';
import { type Call, checkReply, contextOf, parseInput, rateHeadersOf, requestId, writeEvents } from './serving.ts';
import { checkRight } from './who.ts';

/** The checks that stand before every handler. */
export interface Checks {
  guard(request: { readonly method: string; readonly headers: IncomingHttpHeaders }): void;
  readonly peers: Peers;
  authenticate(asked: Asked): Who;
  /** Whether the server is on its way out: then nobody new is served here. */
  isClosing(): boolean;
}

/**
 * The short way of the operations that are asked most: POST with a JSON body of known length, at an address without
 * parameters. The same checks in the same order as on the long way, the same handlers and replies, without the framework
 * between. False where a request has anything out of the ordinary: it is then untouched, and the long way has it.
 */
export function openDirect(
  options: ServerOptions,
  checks: Checks,
): (incoming: IncomingMessage, outgoing: ServerResponse) => boolean {
  const served = new Map(options.endpoints.filter(isDirect).map((endpoint) => [endpoint.path, endpoint]));
  return (incoming, outgoing) => {
    const endpoint = incoming.method === 'POST' ? served.get(incoming.url ?? '') : undefined;
    if (!endpoint || checks.isClosing()) return false;
    const length = plainLength(incoming.headers);
    if (length === undefined || length > options.bodyLimitBytes) return false;
    begin(options, checks, { endpoint, length, incoming, outgoing });
    return true;
  };
}

function isDirect({ method, dialect, path, body, params, query, open, replyTypes }: Endpoint): boolean {
  const hasAddress = path.includes('{') || params !== undefined || query !== undefined;
  return method === 'POST' && dialect === 'openai' && body !== undefined && !hasAddress && !open && !replyTypes;
}

/** Bytes of a body that has an honest length, is JSON, and comes without ceremony; undefined of any other. */
function plainLength(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['content-length'];
  if (length === undefined || !/^[1-9]\d{0,9}$/.test(length)) return undefined;
  if (headers['transfer-encoding'] !== undefined || headers['content-encoding'] !== undefined) return undefined;
  if (headers.expect !== undefined || headers.upgrade !== undefined) return undefined;
  const type = headers['content-type'];
  return type !== undefined && /^application\/json(?: *; *charset="?utf-8"?)?$/i.test(type)
    ? Number(length)
    : undefined;
}

const mostInOnePiece = 16 * 1024;

interface Entry {
  readonly endpoint: Endpoint;
  readonly length: number;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

function begin(options: ServerOptions, checks: Checks, { endpoint, length, incoming, outgoing }: Entry): void {
  const startedAt = performance.now();
  const { headers, socket, rawHeaders } = incoming;
  const id = requestId(headers['x-request-id']);
  const controller = new AbortController();
  outgoing.once('close', () => {
    const left = !outgoing.writableFinished;
    if (left) controller.abort(new IntramurosError('cancelled', 'The client left.'));
    const status = outgoing.statusCode;
    options.rooms.metrics.request(endpoint.path, 'POST', status, performance.now() - startedAt);
  });
  try {
    checks.guard({ method: 'POST', headers });
    const peer = checks.peers.of(socket.remoteAddress, headers);
    const who = checks.authenticate({ headers, rawHeaders, loopback: peer.loopback, open: false });
    checkRight(endpoint, who);
    collect(incoming, length, (body) => {
      const call: Call = { endpoint, id, method: 'POST', url: endpoint.path, headers, who, peer, body, controller };
      answer(options, call, outgoing).catch((error: unknown) =>
        fail(options, { endpoint, id, headers }, outgoing, error),
      );
    });
  } catch (error) {
    fail(options, { endpoint, id, headers }, outgoing, error);
  }
}

/** Reads a body to its end; one that breaks off is nobody's. */
function collect(incoming: IncomingMessage, length: number, done: (body: Buffer) => void): void {
  const parts: Buffer[] = [];
  let size = 0;
  incoming.on('data', (part: Buffer) => {
    size += part.length;
    parts.push(part);
    if (size < length) return;
    done(parts.length === 1 ? part : Buffer.concat(parts, size));
  });
  incoming.on('error', () => {}); // the reply's `close` says that the client left
}

async function answer(options: ServerOptions, call: Call, outgoing: ServerResponse): Promise<void> {
  const form = negotiate(call.headers.accept);
  const input = parseInput(options, call, { params: {}, query: undefined });
  const result = await call.endpoint.handle(input, contextOf(options, call));
  if ('stream' in result) return writeEvents(options, call, outgoing, result);
  const { status, contentType, body } = render(options, call, result, form);
  write(outgoing, status, body, {
    'x-request-id': call.id,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...rateHeadersOf(options, call),
    ...('headers' in result ? result.headers : undefined),
    'content-type': contentType,
  });
}

function render(
  options: ServerOptions,
  { endpoint }: Call,
  result: Reply,
  form: 'json' | 'yaml',
): { readonly status: number; readonly contentType: string; readonly body: string | Buffer } {
  if ('bytes' in result) return { status: 200, contentType: result.contentType, body: result.bytes };
  if ('json' in result) {
    const status = result.status ?? 200;
    checkReply(options, endpoint, status, result.json);
    return { status, ...serialize(result.json, form) };
  }
  throw new IntramurosError(
    'internal',
    `The operation ${endpoint.operationId} answers in a form that is not served here.`,
  );
}

function fail(
  options: ServerOptions,
  { endpoint, id, headers }: Pick<Call, 'endpoint' | 'id' | 'headers'>,
  outgoing: ServerResponse,
  error: unknown,
): void {
  if (isOurFault(error)) options.log.error({ err: error, requestId: id }, 'request failed');
  options.rooms.metrics.refusal(toProblem(error));
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const about = { dialect: endpoint.dialect, accept: headers.accept, requestId: id };
  const failure = renderFailure(error, about);
  const common = { 'x-request-id': id, 'x-content-type-options': 'nosniff' };
  const type = failure.headers['content-type'] ?? '';
  const contentType = type.includes('charset') ? type : `${type}; charset=utf-8`; // as the framework writes it
  write(outgoing, failure.status, failure.body, { ...common, ...failure.headers, 'content-type': contentType });
}

function write(
  outgoing: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  // As a text of its very bytes a short body goes in one piece with the headers; as a buffer it is a piece of its own.
  if (typeof body !== 'string' && body.length <= mostInOnePiece) outgoing.end(body.toString('latin1'), 'latin1');
  else outgoing.end(body);
}
