import type { InclusionProof } from '../api/wire-evidence.ts';

// By what the values are, not by the browser's names for them: the product's own tests check this file too.
type Subtle = typeof globalThis.crypto.subtle;
type VerifyKey = Awaited<ReturnType<Subtle['importKey']>>;

/**
 * What a proof comes to when it is computed again here. `unsigned`: the record leads to the root, but this browser knows
 * no Ed25519. `unable`: this browser hashes nothing on an address without TLS.
 */
export type Checked = 'verified' | 'unsigned' | 'broken' | 'unable';

/**
 * Computes the way from a record to the root of a signed checkpoint (RFC 6962) and its signature (C2SP signed note).
 *
 * Does not cover: a page that lies. Whoever trusts neither the page nor its server verifies the saved file elsewhere.
 */
export async function checkProof(proof: InclusionProof, publicKey: string): Promise<Checked> {
  const subtle = globalThis.crypto?.subtle as Subtle | undefined;
  if (!subtle) return 'unable';
  const note = readNote(proof.checkpoint);
  const key = readKey(publicKey);
  if (!note || !key) return 'broken';
  const leaf = await hash(subtle, [0], new TextEncoder().encode(proof.line));
  if (hex(leaf) !== proof.leafHash) return 'broken';
  const root = await rootFrom(subtle, leaf, proof, note.size);
  if (!root || base64(root) !== note.root) return 'broken';
  return signedBy(subtle, note, key);
}

interface Note {
  readonly text: string;
  readonly size: number;
  readonly root: string;
  readonly signatures: readonly string[];
}
interface Key {
  readonly name: string;
  /** First four bytes of a signature by it. */
  readonly id: string;
  readonly raw: Bytes;
}
type Bytes = Uint8Array<ArrayBuffer>;

function readNote(checkpoint: string): Note | undefined {
  const cut = checkpoint.lastIndexOf('\n\n');
  const [, size, root] = checkpoint.slice(0, Math.max(0, cut)).split('\n');
  if (!size || !/^\d{1,15}$/.test(size) || !root) return undefined;
  const signatures = checkpoint.slice(cut + 2).split('\n');
  return { text: checkpoint.slice(0, cut + 1), size: Number(size), root, signatures };
}

function readKey(text: string): Key | undefined {
  const [, name, id, data] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = data === undefined ? undefined : bytesOf(data);
  // The first byte is the kind of key; 1 is Ed25519.
  return name && id && bytes?.length === 33 && bytes[0] === 1 ? { name, id, raw: bytes.slice(1) } : undefined;
}

/** RFC 9162, 2.1.3.2: up from the leaf, left or right by the bits of its number. */
async function rootFrom(
  subtle: Subtle,
  leaf: Bytes,
  { seq, path }: InclusionProof,
  size: number,
): Promise<Bytes | undefined> {
  if (seq < 0 || seq >= size) return undefined;
  let [index, last, node] = [seq, size - 1, leaf];
  for (const step of path) {
    if (last === 0) return undefined;
    const sibling = fromHex(step);
    if (index % 2 === 1 || index === last) {
      node = await hash(subtle, [1], sibling, node);
      while (index % 2 === 0 && index !== 0) [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
    } else node = await hash(subtle, [1], node, sibling);
    [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
  }
  return last === 0 ? node : undefined;
}

async function signedBy(subtle: Subtle, note: Note, { name, id, raw }: Key): Promise<Checked> {
  let key: VerifyKey;
  try {
    key = await subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
  } catch {
    return 'unsigned';
  }
  const text = new TextEncoder().encode(note.text);
  for (const line of note.signatures) {
    const [dash, signer, data = ''] = line.split(' ');
    const bytes = dash === '—' && signer === name ? bytesOf(data) : undefined;
    if (!bytes || bytes.length !== 68 || hex(bytes.slice(0, 4)) !== id) continue;
    if (await subtle.verify('Ed25519', key, bytes.slice(4), text)) return 'verified';
  }
  return 'broken';
}

async function hash(subtle: Subtle, ...parts: readonly (readonly number[] | Bytes)[]): Promise<Bytes> {
  return new Uint8Array(await subtle.digest('SHA-256', Uint8Array.from(parts.flatMap((part) => [...part]))));
}

const hex = (bytes: Bytes): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const fromHex = (text: string): Bytes => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const base64 = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes));
function bytesOf(text: string): Bytes | undefined {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}
