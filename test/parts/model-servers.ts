import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a test sees it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}
/** How the next answers misbehave; each is used once, in order. */
export type Fault =
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'status'; readonly status: number };

export interface FileServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: SeenRequest[];
  readonly faults: Fault[];
  /** Body and behaviour of a path; replace it to change the file under a running download. */
  readonly files: Map<string, ServedFile>;
  /** Answers before `files` are looked at, when it returns true. */
  handler: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}
export interface ServedFile {
  readonly body: Buffer;
  readonly etag?: string;
  readonly type?: string;
  /** Sends the body in chunks of no told length, and knows no ranges. */
  readonly chunked?: boolean;
  /** Answers the whole file even to a Range. */
  readonly ignoresRanges?: boolean;
}

/** A real HTTP server of files with ranges, validators and the faults of real networks. */
export async function openFileServer(files: Readonly<Record<string, ServedFile>> = {}): Promise<FileServer> {
  const seen: SeenRequest[] = [];
  const faults: Fault[] = [];
  const served = new Map(Object.entries(files));
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { range, authorization } = request.headers;
    seen.push({ method: request.method ?? '', path: request.url ?? '', range, authorization });
    if (opened.handler?.(request, response)) return;
    const file = served.get(path);
    if (!file) response.writeHead(404).end('no such file');
    else sendFile(request, response, file, faults.shift());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const opened: FileServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    faults,
    files: served,
    handler: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return opened;
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: ServedFile,
  fault: Fault | undefined,
): void {
  if (fault?.kind === 'status') {
    response.writeHead(fault.status).end();
    return;
  }
  const { body, etag = `"${sha256(body).slice(0, 16)}"`, type = 'application/octet-stream' } = file;
  const common = { etag, 'content-type': type };
  const from = file.chunked || file.ignoresRanges ? undefined : wantedStart(request, etag);
  if (from !== undefined && from >= body.length) {
    response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
    return;
  }
  const rest = body.subarray(from ?? 0);
  if (from === undefined) response.writeHead(200, file.chunked ? common : { ...common, 'content-length': body.length });
  else {
    const range = `bytes ${from}-${body.length - 1}/${body.length}`;
    response.writeHead(206, { ...common, 'content-length': rest.length, 'content-range': range });
  }
  if (fault === undefined) response.end(rest);
  else
    response.write(rest.subarray(0, fault.afterBytes), () => (fault.kind === 'cut' ? response.destroy() : undefined));
}

function wantedStart(request: IncomingMessage, etag: string): number | undefined {
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  if (!match || (condition !== undefined && condition !== etag)) return undefined;
  return Number(match[1]);
}

export function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** A server that speaks as Hugging Face: the file tree of a repository, and `resolve` that redirects to another host with the linked size and hash. */
export async function openHuggingFaceServer(
  repository: string,
  contents: Readonly<Record<string, Buffer>>,
  options: { readonly token?: string } = {},
): Promise<FileServer & { readonly storage: FileServer }> {
  const storage = await openFileServer(
    Object.fromEntries(
      Object.values(contents).map((body) => [`/blob/${sha256(body)}`, { body, etag: `"${sha256(body)}"` }]),
    ),
  );
  const server = await openFileServer();
  server.handler = (request, response) => {
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
    if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`) {
      response.writeHead(401, { 'x-error-code': 'GatedRepo' }).end('Access to this model is restricted.');
      return true;
    }
    if (path === `/api/models/${repository}/tree/main`) {
      const tree = Object.entries(contents).map(([name, body]) => ({
        type: 'file',
        path: name,
        size: body.length,
        lfs: { oid: sha256(body), size: body.length },
      }));
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify([{ type: 'directory', path: 'x' }, ...tree]));
      return true;
    }
    const body = contents[path.replace(`/${repository}/resolve/main/`, '')];
    if (!body) return false;
    const location = `${storage.url}/blob/${sha256(body)}?signature=secret`;
    response.writeHead(302, { location, 'x-linked-size': body.length, 'x-linked-etag': `"${sha256(body)}"` }).end();
    return true;
  };
  const close = server[Symbol.asyncDispose];
  return Object.assign(server, {
    storage,
    async [Symbol.asyncDispose]() {
      await Promise.all([close(), storage[Symbol.asyncDispose]()]);
    },
  });
}

/** A server that speaks as a registry of Ollama: manifest, then blobs by digest; with a token, the Docker registry's challenge first. */
export async function openRegistryServer(
  name: string,
  tag: string,
  model: Buffer,
  options: { readonly token?: string } = {},
): Promise<FileServer> {
  const digest = `sha256:${sha256(model)}`;
  const template = Buffer.from('{{ .Prompt }}');
  const server = await openFileServer({ [`/v2/${name}/blobs/${digest}`]: { body: model } });
  server.handler = (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (options.token !== undefined) {
      if (path === '/token') {
        response.writeHead(200).end(JSON.stringify({ token: options.token }));
        return true;
      }
      if (request.headers.authorization !== `Bearer ${options.token}`) {
        const challenge = `Bearer realm="${server.url}/token",service="registry",scope="repository:${name}:pull"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
        return true;
      }
    }
    if (path !== `/v2/${name}/manifests/${tag}`) return false;
    const layers = [
      {
        mediaType: 'application/vnd.ollama.image.template',
        digest: `sha256:${sha256(template)}`,
        size: template.length,
      },
      { mediaType: 'application/vnd.ollama.image.model', digest, size: model.length },
    ];
    response.writeHead(200).end(JSON.stringify({ schemaVersion: 2, layers }));
    return true;
  };
  return server;
}
