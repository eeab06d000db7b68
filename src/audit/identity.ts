import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { IntramurosError } from '../base/index.ts';
import { unavailable } from './damage.ts';
import { makeSignerKey, type NoteSigner, readSignerKey } from './note.ts';
import type { Tombstone } from './types.ts';

/** What a log folder says of itself in `log.json`. Nothing secret: the signing key is elsewhere. */
export interface LogCard {
  readonly format: 'intramuros-log-1';
  readonly origin: string;
  /** Verifier keys, and from which size on each signs. */
  readonly keys: readonly { readonly publicKey: string; readonly fromSize: number }[];
  readonly tombstones: readonly Tombstone[];
  /** Hashes over the records that were deleted as whole files, in the order of `frontierNodes`. */
  readonly frontier: readonly string[];
}

const cardName = 'log.json';

export function readCard(folder: string): LogCard | undefined {
  const path = join(folder, cardName);
  if (!existsSync(path)) return undefined;
  try {
    const card = JSON.parse(readFileSync(path, 'utf8')) as LogCard;
    if (card.format === 'intramuros-log-1' && card.keys.length > 0) return card;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw unavailable(folder, error);
  }
  throw new IntramurosError(
    'audit_unavailable',
    `The file ${path} says what this record is, and cannot be read. Nothing was changed. Put it back from a backup.`,
    { facts: { path, reason: 'damaged' } },
  );
}

/** Replaces the card as a whole, durably. */
export function writeCard(folder: string, card: LogCard): void {
  writeDurably(join(folder, cardName), `${JSON.stringify(card, null, 2)}\n`);
}

/** Writes beside, flushes, and takes the place at once: a reader sees the old text or the new one. */
export function writeDurably(path: string, text: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.new`;
  const file = openSync(beside, 'w', 0o600);
  try {
    writeSync(file, text as string);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}

export interface OpenedIdentity {
  readonly signer: NoteSigner;
  readonly card: LogCard;
  /** Said in the record when the key is not the one before. */
  readonly changed: 'new' | 'replaced' | undefined;
}

export interface IdentityOptions {
  readonly folder: string;
  readonly keyFile: string;
  /** The default place, whose rights are ours to look after. */
  readonly own: boolean;
  readonly size: number;
  /** A lost or other key may be replaced: an operator said so, or this log was restored from a backup, which never holds the key. */
  readonly mayReplace: boolean;
}

/**
 * The signing key of a log and what the log says of itself; both are made when there are none.
 * @throws {IntramurosError} `audit_unavailable` when the key file is lost, not a key, another one, or open to others.
 */
export function openIdentity({ folder, keyFile, own, size, mayReplace }: IdentityOptions): OpenedIdentity {
  const card = readCard(folder);
  const there = existsSync(keyFile);
  if (card === undefined) {
    const isOfAnother = there && own && size === 0;
    if (isOfAnother) setAside(keyFile); // a log that was moved away keeps its name: two logs of one name would be a fork
    const signer = there && !isOfAnother ? readKey(keyFile, own) : makeKey(keyFile, newOrigin());
    const made: LogCard = {
      format: 'intramuros-log-1',
      origin: signer.name,
      keys: [{ publicKey: signer.verifierKey, fromSize: 0 }],
      tombstones: [],
      frontier: [],
    };
    writeCard(folder, made);
    return { signer, card: made, changed: 'new' };
  }
  const known = card.keys.at(-1)?.publicKey;
  if (!there && !mayReplace) throw keyFailure(keyFile, 'is missing', 'lost');
  const signer = there ? readKey(keyFile, own) : makeKey(keyFile, card.origin);
  if (signer.verifierKey === known) return { signer, card, changed: undefined };
  if (!mayReplace || signer.name !== card.origin) throw keyFailure(keyFile, 'is the key of another log', 'other');
  const next = { ...card, keys: [...card.keys, { publicKey: signer.verifierKey, fromSize: size }] };
  writeCard(folder, next);
  return { signer, card: next, changed: 'replaced' };
}

const newKeyName = 'new-key.json';

/**
 * Lets the next opening make another signing key, and write so in the record; a key that is there is set aside. For an
 * operator whose key is lost: whoever verifies with the old public key will see the change.
 */
export function allowNewKey({
  home,
  keyFile = join(home, 'audit.key'),
}: {
  readonly home: string;
  readonly keyFile?: string | undefined;
}): void {
  if (existsSync(keyFile)) setAside(keyFile);
  writeDurably(join(home, 'audit', newKeyName), '{}\n');
}

/** Whether an operator allowed another key. */
export const mayMakeNewKey = (folder: string): boolean => existsSync(join(folder, newKeyName));
export const forgetNewKey = (folder: string): void => rmSync(join(folder, newKeyName), { force: true });

function setAside(keyFile: string): void {
  const stamp = new Date().toISOString().replace(/[-:.]/g, '');
  renameSync(keyFile, `${keyFile}.before-${stamp}`);
}

const newOrigin = (): string => `intramuros/${randomBytes(8).toString('hex')}`;

/** Makes the key file of a log of that name. @throws {IntramurosError} when it cannot be written. */
export function makeKey(keyFile: string, origin: string): NoteSigner {
  const text = makeSignerKey(origin);
  try {
    writeDurably(keyFile, `${text}\n`);
  } catch (error) {
    throw unavailable(keyFile, error);
  }
  return readSignerKey(text) as NoteSigner;
}

function readKey(keyFile: string, own: boolean): NoteSigner {
  let text: string;
  try {
    if (own && process.platform !== 'win32' && (statSync(keyFile).mode & 0o077) !== 0)
      throw keyFailure(keyFile, 'can be read by others than its owner (chmod 600)', 'rights');
    text = readFileSync(keyFile, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw unavailable(keyFile, error);
    throw error;
  }
  const signer = readSignerKey(text);
  if (signer === undefined) throw keyFailure(keyFile, 'holds no signing key', 'form');
  return signer;
}

function keyFailure(path: string, what: string, reason: string): IntramurosError {
  return new IntramurosError(
    'audit_unavailable',
    `The key ${path}, which signs the record, ${what}. Nothing was changed. Put the right file back from your own copy (backups never hold it); if it is gone for good, "intramuros verify --new-key" makes another, and the record says so.`,
    { facts: { path, reason: `key_${reason}`, what } },
  );
}
