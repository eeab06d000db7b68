import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { IntramurosError } from '../base/index.ts';

/**
 * Encryption of single fields at rest: AES-256-GCM under one key file.
 *
 * Covers: whoever has the database or a backup alone reads no secret; a sealed text moved to another row or field, cut or
 * changed does not open. Does not cover: whoever reads the key file as well, or this process's memory. No message, log or
 * process argument carries the text or the key. A backup never holds the key file: keep a copy of it elsewhere, or enter
 * the secrets anew after a restore.
 */
export interface Secrets {
  /** Encrypts a text for one place, such as `upstreams/up_1/secret`; makes the key file when there is none yet. */
  seal(place: string, text: string): string;
  /** @throws {IntramurosError} `secret_unavailable` when the key file is lost, another, or the text was not sealed for this place. */
  open(place: string, sealed: string): string;
  /** Where the key is kept. */
  readonly file: string;
}

const version = 'v1';
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const header = 'intramuros-secrets-key-1';

/** Reads the key when it is first needed. `file` (setting `secretsKeyFile`) holds it elsewhere than in the data directory. */
export function openSecrets(options: { readonly home: string; readonly file?: string | undefined }): Secrets {
  const file = options.file ?? join(options.home, 'secrets.key');
  const own = options.file === undefined;
  let key: Buffer | undefined;
  const known = (): Buffer => (key ??= readKey(file, own));
  const knownOrMade = (): Buffer => (key ??= exists(file) ? readKey(file, own) : makeKey(file, own));
  return {
    file,
    seal: (place, text) => seal(knownOrMade(), place, text),
    open: (place, sealed) => unseal(known(), place, sealed, file),
  };
}

function seal(key: Buffer, place: string, text: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes }).setAAD(Buffer.from(place));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return [version, idOf(key), iv.toString('base64url'), body.toString('base64url')].join('.');
}

function unseal(key: Buffer, place: string, sealed: string, file: string): string {
  const [format, id, iv = '', body = ''] = sealed.split('.');
  if (format !== version) throw unavailable(`The secret of ${place} has an unknown form`, 'form', file);
  if (id !== idOf(key)) throw unavailable(`The secret of ${place} was sealed with another key file`, 'other_key', file);
  const bytes = Buffer.from(body, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
  } catch (error) {
    throw unavailable(`The secret of ${place} is damaged or belongs elsewhere`, 'damaged', file, error);
  }
}

/** Tells keys apart without telling anything of them. */
function idOf(key: Buffer): string {
  return createHash('sha256').update(header).update(key).digest('hex').slice(0, 8);
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function readKey(file: string, own: boolean): Buffer {
  let text: string;
  try {
    if (own && process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
      throw unavailable('The key file may be read by other users', 'rights', file);
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof IntramurosError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw unavailable(code === 'ENOENT' ? 'The key file is gone' : `The key file cannot be read (${code})`, code, file);
  }
  const [name, encoded = ''] = text.trim().split(/\s+/);
  const key = Buffer.from(encoded, 'base64');
  if (name !== header || key.length !== keyBytes) throw unavailable('The key file is damaged', 'key_damaged', file);
  return key;
}

/** Makes the key durable before anything is sealed with it; of two programs that make it at once, the first wins. */
function makeKey(file: string, own: boolean): Buffer {
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(draft, 'wx', 0o600);
    try {
      writeSync(handle, `${header} ${randomBytes(keyBytes).toString('base64')}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    linkSync(draft, file);
    syncFolder(dirname(file));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code !== 'EEXIST') throw unavailable(`The key file cannot be made (${code})`, code, file, error);
  } finally {
    rmSync(draft, { force: true });
  }
  return readKey(file, own);
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be flushed there
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const remedies: Readonly<Record<string, string>> = {
  rights: 'Take those rights away: chmod 600',
  EACCES: 'Correct its rights',
};

function unavailable(what: string, reason: string, file: string, cause?: unknown): IntramurosError {
  const remedy = remedies[reason] ?? 'Bring it back from your copy, or enter the secret anew';
  return new IntramurosError('secret_unavailable', `${what} (${file}). ${remedy}.`, {
    facts: { reason, path: file },
    ...(cause === undefined ? {} : { cause }),
  });
}
