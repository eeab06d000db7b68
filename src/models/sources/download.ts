import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IntramurosError, isIntramurosError } from '../../base/index.ts';
import { type EgressResponse, toEgressFailure } from '../../egress/index.ts';
import { ensureDiskSpace, toDiskFailure } from './disk.ts';
import { hashInto, sha256OfFile } from './hash.ts';
import { busy, refuseStatus, webPage } from './refusals.ts';
import { type Expected, type FetchContext, pullPurpose } from './source.ts';

const attemptsWithoutProgress = 5;
const longestDelayMs = 30_000;

export interface RemoteFile extends Expected {
  readonly url: string;
  /** Name on this disk. */
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface DownloadedFile {
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Fetches one file whole into the context's folder.
 *
 * Goes on where an earlier attempt was cut, also after the program was killed: the part is kept with the server's validator, asked for by
 * Range and If-Range, and hashed again from the disk. Size and SHA-256 are checked against what the catalogue and the server
 * said; a file that differs is deleted. Reaches its name only when it is whole, checked and flushed to the disk.
 */
export async function download(file: RemoteFile, context: FetchContext): Promise<DownloadedFile> {
  await mkdir(context.folder, { recursive: true });
  const path = join(context.folder, file.name);
  const finished = await alreadyHere(path, file, context);
  if (finished) return finished;
  await using transfer = await Transfer.open(path, file, context);
  let failures = 0;
  for (;;) {
    const before = transfer.haveBytes;
    try {
      await transfer.attempt();
      return await transfer.finish();
    } catch (error) {
      if (context.signal.aborted) throw context.signal.reason;
      failures = transfer.haveBytes > before ? 1 : failures + 1;
      if (!isWorthAnotherTry(error, transfer.haveBytes) || failures >= attemptsWithoutProgress) throw error;
      const delayMs = Math.min(context.retryDelayMs * 2 ** (failures - 1), longestDelayMs);
      await sleep(delayMs, undefined, { signal: context.signal }).catch(() => {
        throw context.signal.reason;
      });
    }
  }
}

/** A network that never answered is left for the next source; one that was cut in the middle is tried again. */
function isWorthAnotherTry(error: unknown, haveBytes: number): boolean {
  if (!isIntramurosError(error) || error.code !== 'egress_failed') return false;
  const { reason } = error.facts;
  if (reason === 'cut' || reason === 'busy') return true;
  return (
    haveBytes > 0 && (reason === 'timeout' || reason === 'dns' || reason === 'refused' || reason === 'unreachable')
  );
}

async function alreadyHere(path: string, file: RemoteFile, context: FetchContext): Promise<DownloadedFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found || file.sha256 === undefined) return undefined;
  const { signal } = context;
  const sha256 = await sha256OfFile(path, {
    signal,
    onBytes: (completedBytes) => context.report({ phase: 'verifying', completedBytes, totalBytes: found.size }),
  });
  return sha256 === file.sha256 ? { path, sha256, sizeBytes: found.size } : undefined;
}

/** What is remembered beside a part: from which answer it came. */
interface PartNotes {
  readonly url: string;
  readonly validator: string | undefined;
}

class Transfer implements AsyncDisposable {
  readonly #path: string;
  readonly #file: RemoteFile;
  readonly #context: FetchContext;
  readonly #handle: FileHandle;
  #hash: Hash = createHash('sha256');
  #notes: PartNotes | undefined;
  #totalBytes: number | undefined;
  #sha256: string | undefined;
  haveBytes = 0;

  private constructor(path: string, file: RemoteFile, context: FetchContext, handle: FileHandle) {
    this.#path = path;
    this.#file = file;
    this.#context = context;
    this.#handle = handle;
    this.#totalBytes = file.sizeBytes;
    this.#sha256 = file.sha256;
  }

  static async open(path: string, file: RemoteFile, context: FetchContext): Promise<Transfer> {
    const part = `${path}.part`;
    const handle = await open(part, 'a+').catch((error: unknown) => {
      throw toDiskFailure(error);
    });
    const transfer = new Transfer(path, file, context, handle);
    try {
      await transfer.#takeUp(part);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return transfer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    if (this.haveBytes === 0) await removePart(this.#path);
  }

  /** Asks for what is missing and writes it as it comes. */
  async attempt(): Promise<void> {
    if (this.haveBytes > 0 && this.haveBytes === this.#totalBytes) return;
    const { egress, signal } = this.#context;
    const response = await egress.fetch(this.#file.url, {
      purpose: pullPurpose,
      signal,
      headers: { ...this.#file.headers, ...this.#rangeHeaders() },
    });
    try {
      if (!(await this.#accept(response))) return;
      await this.#receive(response);
    } finally {
      response.body.destroy();
    }
  }

  /** Checks the whole file and gives it its name. */
  async finish(): Promise<DownloadedFile> {
    const sha256 = this.#hash.digest('hex');
    if (this.#sha256 !== undefined && sha256 !== this.#sha256) {
      await this.#discard();
      throw new IntramurosError(
        'checksum_mismatch',
        `${this.#file.name} arrived with SHA-256 ${sha256.slice(0, 12)}…, wanted ${this.#sha256.slice(0, 12)}…: damaged on the way, or not the ` +
          'file that was meant. It was deleted; pull again.',
        { facts: { file: this.#file.name, wanted: this.#sha256, found: sha256 } },
      );
    }
    await this.#handle.sync();
    await rename(`${this.#path}.part`, this.#path);
    await rm(`${this.#path}.part.json`, { force: true });
    return { path: this.#path, sha256, sizeBytes: this.haveBytes };
  }

  /** Hashes what an earlier run left, or starts anew when it can't be part of this file. */
  async #takeUp(part: string): Promise<void> {
    const { size } = await this.#handle.stat();
    this.#notes = await readNotes(`${part}.json`);
    const fits = this.#notes !== undefined && (this.#totalBytes === undefined || size <= this.#totalBytes);
    if (size === 0 || !fits) return this.#restart();
    const { signal, report } = this.#context;
    const onBytes = (completedBytes: number) => report({ phase: 'verifying', completedBytes, totalBytes: size });
    await hashInto(this.#hash, part, { signal, onBytes });
    this.haveBytes = size;
  }

  #rangeHeaders(): Record<string, string> {
    if (this.haveBytes === 0) return {};
    const range = { range: `bytes=${this.haveBytes}-` };
    const { url, validator } = this.#notes ?? {};
    if (url === this.#file.url && validator !== undefined) return { ...range, 'if-range': validator };
    return range;
  }

  /** True when the body is (the rest of) the file; false when there is nothing more to read. */
  async #accept(response: EgressResponse): Promise<boolean> {
    const { status, headers } = response;
    const host = new URL(response.url).host;
    if (status === 429 || status === 408 || status >= 500) throw busy(host, status);
    if (status !== 200 && status !== 206 && status !== 416) throw refuseStatus(response, this.#file.url);
    if (/^text\/html/.test(headers['content-type'] ?? '')) throw webPage(host);
    const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
    const total = status === 200 ? headers['content-length'] : range?.[2];
    const from = status === 206 ? Number(range?.[1] ?? -1) : 0;
    const isWhole = status === 416 && this.haveBytes > 0 && Number(total) === this.haveBytes;
    if (isWhole) return false;
    const safe = this.#mayJoin(headers.etag);
    if (status === 416 || (status === 206 && (from !== this.haveBytes || !safe))) {
      await this.#restart();
      throw toEgressFailure({ code: 'ECONNRESET' }, host);
    }
    if (status === 200 && this.haveBytes > 0) await this.#restart();
    this.#learn(response, total !== undefined && /^\d+$/.test(total) ? Number(total) : undefined);
    await ensureDiskSpace(
      this.#context.folder,
      Math.max(0, (this.#totalBytes ?? 0) - this.haveBytes),
      this.#context.reserveBytes,
    );
    await writeFile(`${this.#path}.part.json`, JSON.stringify(this.#notes));
    return true;
  }

  /** A part from another address, or of no known validator, is joined only when a checksum will judge the whole. */
  #mayJoin(etag: string | undefined): boolean {
    if (this.#sha256 !== undefined || this.#file.sha256 !== undefined) return true;
    return this.#notes?.url === this.#file.url && strong(etag) !== undefined && strong(etag) === this.#notes.validator;
  }

  #learn(response: EgressResponse, totalBytes: number | undefined): void {
    const host = new URL(response.url).host;
    const said = [...response.hops.map((hop) => hop.headers), response.headers];
    const linkedSize = said.map((headers) => headers['x-linked-size']).find((value) => value !== undefined);
    const linkedHash = said.map((headers) => /^"?([0-9a-f]{64})"?$/.exec(headers['x-linked-etag'] ?? '')?.[1]);
    this.#sha256 ??= linkedHash.find((value) => value !== undefined);
    const total = totalBytes ?? (linkedSize === undefined ? undefined : Number(linkedSize));
    if (this.#totalBytes !== undefined && total !== undefined && total !== this.#totalBytes) {
      throw new IntramurosError(
        'checksum_mismatch',
        `${host} has ${this.#file.name} with ${total} bytes, wanted ${this.#totalBytes}: not the file that was meant.`,
        { facts: { file: this.#file.name, wanted: this.#totalBytes, found: total } },
      );
    }
    this.#totalBytes ??= total;
    this.#notes = { url: this.#file.url, validator: strong(response.headers.etag) };
  }

  async #receive(response: EgressResponse): Promise<void> {
    const host = new URL(response.url).host;
    const pieces = response.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    for (;;) {
      const next = await pieces.next().catch((error: unknown) => {
        throw this.#context.signal.aborted ? this.#context.signal.reason : toEgressFailure(error, host);
      });
      if (next.done) break;
      await this.#write(next.value);
    }
    if (this.#totalBytes !== undefined && this.haveBytes < this.#totalBytes) {
      throw toEgressFailure({ code: 'ECONNRESET' }, host);
    }
  }

  async #write(piece: Buffer): Promise<void> {
    if (this.#totalBytes !== undefined && this.haveBytes + piece.length > this.#totalBytes) {
      await this.#discard();
      throw new IntramurosError(
        'checksum_mismatch',
        `${this.#file.name} is longer than the ${this.#totalBytes} bytes that were wanted. It was deleted.`,
        { facts: { file: this.#file.name, wanted: this.#totalBytes } },
      );
    }
    await this.#handle.appendFile(piece).catch((error: unknown) => {
      throw toDiskFailure(error);
    });
    this.#hash.update(piece);
    this.haveBytes += piece.length;
    this.#context.report({ phase: 'downloading', completedBytes: this.haveBytes, totalBytes: this.#totalBytes });
  }

  async #restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash('sha256');
    this.haveBytes = 0;
    this.#totalBytes = this.#file.sizeBytes;
    this.#sha256 = this.#file.sha256;
  }

  async #discard(): Promise<void> {
    await this.#restart();
    await removePart(this.#path);
  }
}

async function removePart(path: string): Promise<void> {
  await rm(`${path}.part`, { force: true });
  await rm(`${path}.part.json`, { force: true });
}

/** A validator that says the bytes are the same; a weak one only says that the meaning is. */
function strong(etag: string | undefined): string | undefined {
  return etag !== undefined && !etag.startsWith('W/') ? etag : undefined;
}

async function readNotes(path: string): Promise<PartNotes | undefined> {
  try {
    const notes: unknown = JSON.parse(await readFile(path, 'utf8'));
    const { url, validator } = notes as { url?: unknown; validator?: unknown };
    if (typeof url !== 'string') return undefined;
    return { url, validator: typeof validator === 'string' ? validator : undefined };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError;
    if (missing) return undefined; // a part that nothing is known of starts anew
    throw error;
  }
}
