import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Media types of the files that a built page has. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** What the page may do: everything from this server alone, and nothing inline. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};

interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly etag: string;
  readonly immutable: boolean;
  readonly modifiedMs: number;
  readonly encoded: Map<string, Buffer>;
}

/**
 * Serves the built page of a folder. Only files that stood in the folder when they were listed can be asked for, by
 * exact path: no path is ever joined with what a client sent.
 */
export function openStaticPage(folder: string): (request: FastifyRequest, reply: FastifyReply) => Promise<boolean> {
  let files = list(folder);
  return async (request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const path = (request.url.split('?', 1)[0] ?? '/').replace(/^\/+/, '');
    const known = files.get(path);
    if (known ? isStale(known) : files.size === 0) files = list(folder);
    const wantsPage = path === '' || (/\btext\/html\b/.test(request.headers.accept ?? '') && extname(path) === '');
    const file = files.get(path) ?? (wantsPage ? files.get('index.html') : undefined);
    if (!file) return false;
    send(request, reply, file);
    return true;
  };
}

function list(folder: string): Map<string, PageFile> {
  if (!existsSync(folder)) return new Map();
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = paths.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  return new Map(files.map((path) => [relative(folder, path).split(sep).join('/'), describe(path)]));
}

function describe(path: string): PageFile {
  const bytes = readFileSync(path);
  return {
    path,
    type: types[extname(path)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    // Vite puts a hash of the content into the names of what it builds.
    immutable: /[/\\]assets[/\\].*-[\w-]{8,}\.\w+$/.test(path),
    modifiedMs: statSync(path).mtimeMs,
    encoded: new Map(),
  };
}

function isStale(file: PageFile): boolean {
  return !existsSync(file.path) || statSync(file.path).mtimeMs !== file.modifiedMs;
}

function send(request: FastifyRequest, reply: FastifyReply, file: PageFile): void {
  reply
    .headers(pageHeaders)
    .header('etag', file.etag)
    .header('vary', 'accept-encoding')
    .header('cache-control', file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.headers['if-none-match']?.split(/,\s*/).includes(file.etag)) {
    reply.code(304).send();
    return;
  }
  const encoding = chooseEncoding(request.headers['accept-encoding'], file.type);
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  reply.header('content-type', file.type).send(bytesOf(file, encoding));
}

function chooseEncoding(accepted: string | undefined, type: string): 'br' | 'gzip' | 'identity' {
  if (!/^(text|application\/(json|manifest|wasm)|image\/svg)/.test(type)) return 'identity';
  if (/\bbr\b/.test(accepted ?? '')) return 'br';
  return /\bgzip\b/.test(accepted ?? '') ? 'gzip' : 'identity';
}

function bytesOf(file: PageFile, encoding: 'br' | 'gzip' | 'identity'): Buffer {
  const known = file.encoded.get(encoding);
  if (known) return known;
  const bytes = readFileSync(file.path);
  const encoded =
    encoding === 'br'
      ? brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
      : encoding === 'gzip'
        ? gzipSync(bytes)
        : bytes;
  file.encoded.set(encoding, encoded);
  return encoded;
}
