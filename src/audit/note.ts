import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

/**
 * C2SP signed notes: a text, an empty line, and signature lines `— name base64(key hash ‖ signature)`. A verifier key is
 * `name+hash+base64(type ‖ public key)`, a signer key `PRIVATE+KEY+name+hash+base64(type ‖ seed)`.
 */
export interface NoteSigner {
  readonly name: string;
  /** What others verify with. */
  readonly verifierKey: string;
  /** The signature line of a text that ends in a newline. */
  sign(text: string): string;
}

export interface SignedNote {
  /** What is signed, with its last newline. */
  readonly text: string;
  readonly signatures: readonly string[];
}

const ed25519Type = 1;
const seedBytes = 32;
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex');

/** A new signer key in its text form. */
export function makeSignerKey(name: string): string {
  const seed = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-seedBytes);
  const hash = keyHash(name, publicBytes(privateKey(seed))).toString('hex');
  return `PRIVATE+KEY+${name}+${hash}+${Buffer.concat([Buffer.from([ed25519Type]), seed]).toString('base64')}`;
}

/** Undefined when the text is no signer key. */
export function readSignerKey(text: string): NoteSigner | undefined {
  const [, name, hash, data = ''] =
    /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(data, 'base64');
  if (name === undefined || bytes[0] !== ed25519Type || bytes.length !== seedBytes + 1) return undefined;
  const key = privateKey(bytes.subarray(1));
  const raw = publicBytes(key);
  const id = keyHash(name, raw);
  if (id.toString('hex') !== hash) return undefined;
  const verifierKey = `${name}+${hash}+${Buffer.concat([Buffer.from([ed25519Type]), raw]).toString('base64')}`;
  return {
    name,
    verifierKey,
    sign: (note) => `— ${name} ${Buffer.concat([id, sign(null, Buffer.from(note), key)]).toString('base64')}`,
  };
}

/** Splits a note at its last empty line; undefined when there is none. */
export function parseNote(note: string): SignedNote | undefined {
  const at = note.lastIndexOf('\n\n');
  if (at === -1 || !note.endsWith('\n')) return undefined;
  return {
    text: note.slice(0, at + 1),
    signatures: note
      .slice(at + 2)
      .split('\n')
      .slice(0, -1),
  };
}

/** Whether one of a note's signatures is of that key and right. */
export function isSignedBy({ text, signatures }: SignedNote, verifierKey: string): boolean {
  const [name = '', hash = '', ...rest] = verifierKey.split('+');
  const raw = Buffer.from(rest.join('+'), 'base64').subarray(1);
  const key = createPublicKey({ key: Buffer.concat([spkiHead, raw]), format: 'der', type: 'spki' });
  return signatures.some((line) => {
    if (!line.startsWith(`— ${name} `)) return false;
    const bytes = Buffer.from(line.slice(`— ${name} `.length), 'base64');
    return bytes.subarray(0, 4).toString('hex') === hash && verify(null, Buffer.from(text), key, bytes.subarray(4));
  });
}

const privateKey = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });

const publicBytes = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-seedBytes);

function keyHash(name: string, raw: Buffer): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.from([ed25519Type]))
    .update(raw)
    .digest()
    .subarray(0, 4);
}
