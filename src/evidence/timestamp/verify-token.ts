import { createHash, constants as cryptoConstants, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { children, type DerNode, expect, readNode, readOid, readTime, readWhole, tags, write } from './der.ts';
import { sha256Oid } from './request.ts';

const oids = {
  signedData: '1.2.840.113549.1.7.2',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  timestamping: '1.3.6.1.5.5.7.3.8',
  rsaPss: '1.2.840.113549.1.1.10',
  ed25519: '1.3.101.112',
} as const;

const hashes: Readonly<Record<string, string>> = {
  [sha256Oid]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** Signatures that name their hash; the others take the signer's. */
const signatureHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
const explicit0 = 0xa0;
const mostChain = 8;

/** A token is not what it should be; the message says where. */
export class TimestampError extends Error {
  readonly problem: 'refused' | 'bad_signature' | 'untrusted';
  constructor(
    words: string,
    { problem = 'bad_signature', ...options }: ErrorOptions & { readonly problem?: TimestampError['problem'] } = {},
  ) {
    super(words, options);
    this.problem = problem;
  }
}

export interface TimestampToken {
  readonly atMs: number;
  /** Subject of the certificate that signed it, in one line. */
  readonly authority: string;
}

/** The token in an authority's answer. @throws {TimestampError} when it refused, with its status. */
export function tokenOf(response: Buffer): Buffer {
  return reading(() => {
    const [status, token] = children(readWhole(response, tags.sequence));
    const [code] = children(expect(status, tags.sequence));
    const granted = expect(code, tags.integer).content.toString('hex');
    // 0 is granted, 1 granted with changes.
    if (granted !== '00' && granted !== '01')
      throw new TimestampError(`the authority refused with status ${granted}`, { problem: 'refused' });
    return expect(token, tags.sequence).whole;
  });
}

/**
 * Checks an RFC 3161 token: that it is over this digest and answers this request, that its signature holds, and that the
 * certificate behind it is for timestamps, was valid then, and leads to a trusted one.
 *
 * @param expected.nonce as in the request; absent for a token that was kept.
 * @throws {TimestampError}
 */
export function verifyToken(
  token: Buffer,
  expected: {
    readonly digest: Buffer;
    readonly nonce?: Buffer | undefined;
    readonly trusted: readonly X509Certificate[];
  },
): TimestampToken {
  return reading(() => {
    const { content, certificates, signer } = readSignedData(token);
    const info = readInfo(content);
    if (info.hash !== sha256Oid || !isSame(info.digest, expected.digest)) {
      throw new TimestampError('it is over something else');
    }
    if (expected.nonce && !(info.nonce && isSame(info.nonce, expected.nonce))) {
      throw new TimestampError('it answers another request');
    }
    const certificate = checkSigner(signer, content, certificates);
    checkChain(certificate, certificates, { atMs: info.atMs, trusted: expected.trusted });
    return { atMs: info.atMs, authority: certificate.subject.replaceAll('\n', ', ') };
  });
}

function reading<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TimestampError) throw error;
    throw new TimestampError(`it cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

interface SignedData {
  /** The DER of TSTInfo. */
  readonly content: Buffer;
  readonly certificates: readonly X509Certificate[];
  readonly signer: readonly DerNode[];
}

function readSignedData(token: Buffer): SignedData {
  const [type, wrapped] = children(readWhole(token, tags.sequence));
  if (readOid(type) !== oids.signedData) throw new TimestampError('it is no signed data');
  const [, , encapsulated, ...rest] = children(readWhole(expect(wrapped, explicit0).content, tags.sequence));
  const [contentType, octets] = children(expect(encapsulated, tags.sequence));
  if (readOid(contentType) !== oids.timestampInfo) throw new TimestampError('what is signed is no timestamp');
  const { content } = readWhole(expect(octets, explicit0).content, tags.octets);
  const held = rest.find(({ tag }) => tag === explicit0);
  const certificates = held ? children(held).map(({ whole }) => new X509Certificate(whole)) : [];
  const signers = children(expect(rest.at(-1), tags.set));
  if (signers.length !== 1) throw new TimestampError('it has not exactly one signer');
  return { content, certificates, signer: children(expect(signers[0], tags.sequence)) };
}

function readInfo(content: Buffer) {
  const [version, , imprint, , time, ...rest] = children(readWhole(content, tags.sequence));
  if (expect(version, tags.integer).content.toString('hex') !== '01')
    throw new TimestampError('it has another version');
  const [algorithm, digest] = children(expect(imprint, tags.sequence));
  const nonce = rest.find(({ tag }) => tag === tags.integer)?.whole;
  return {
    hash: readOid(children(expect(algorithm, tags.sequence))[0]),
    digest: expect(digest, tags.octets).content,
    atMs: readTime(time),
    nonce,
  };
}

/** Checks the signature, and gives the certificate that made it. */
function checkSigner(
  signer: readonly DerNode[],
  content: Buffer,
  certificates: readonly X509Certificate[],
): X509Certificate {
  const [, , digestAlgorithm, signedAttributes, signatureAlgorithm, signature] = signer;
  const hash = hashes[readOid(children(expect(digestAlgorithm, tags.sequence))[0])];
  if (hash === undefined) throw new TimestampError('its hash is not SHA-2');
  const attributes = readAttributes(expect(signedAttributes, explicit0));
  if (readOid(attributes.get(oids.contentType)) !== oids.timestampInfo) {
    throw new TimestampError('its signature is over another kind of content');
  }
  const digest = expect(attributes.get(oids.messageDigest), tags.octets).content;
  if (!isSame(digest, createHash(hash).update(content).digest())) throw new TimestampError('its content was changed');
  const certificate = certificates.find((one) => isNamed(attributes, one));
  if (!certificate) throw new TimestampError('the certificate that signed it is not in it');
  // Signed is the set itself, not the field of the message that holds it.
  const message = write(tags.set, expect(signedAttributes, explicit0).content);
  const bytes = expect(signature, tags.octets).content;
  const algorithm = readOid(children(expect(signatureAlgorithm, tags.sequence))[0]);
  if (!holds(algorithm, hash, message, certificate, bytes)) throw new TimestampError('its signature does not hold');
  return certificate;
}

function readAttributes(set: DerNode): ReadonlyMap<string, DerNode> {
  const found = new Map<string, DerNode>();
  for (const attribute of children(set)) {
    const [type, values] = children(attribute);
    const [value] = children(expect(values, tags.set));
    const name = readOid(type);
    if (value === undefined || found.has(name)) throw new TimestampError('an attribute is empty or comes twice');
    found.set(name, value);
  }
  return found;
}

/** Whether the signature names this certificate: by its hash, so that no other of the same name can stand in for it. */
function isNamed(attributes: ReadonlyMap<string, DerNode>, { raw }: X509Certificate): boolean {
  const second = attributes.get(oids.signingCertificateV2);
  const first = attributes.get(oids.signingCertificate);
  const identified = second ?? first;
  if (!identified) throw new TimestampError('it does not name the certificate that signed it');
  const [list] = children(identified);
  const fields = children(expect(children(expect(list, tags.sequence))[0], tags.sequence));
  const named = fields.find(({ tag }) => tag === tags.octets);
  const algorithm = fields[0]?.tag === tags.sequence ? hashes[readOid(children(fields[0])[0])] : undefined;
  const hash = second ? (algorithm ?? 'sha256') : 'sha1';
  return isSame(expect(named, tags.octets).content, createHash(hash).update(raw).digest());
}

function holds(algorithm: string, hash: string, message: Buffer, { publicKey }: X509Certificate, signature: Buffer) {
  if (algorithm === oids.ed25519) return verify(null, message, publicKey, signature);
  if (algorithm === oids.rsaPss) {
    const padding = cryptoConstants.RSA_PKCS1_PSS_PADDING;
    return verify(
      hash,
      message,
      { key: publicKey, padding, saltLength: cryptoConstants.RSA_PSS_SALTLEN_AUTO },
      signature,
    );
  }
  return verify(signatureHashes[algorithm] ?? hash, message, publicKey, signature);
}

function checkChain(
  signer: X509Certificate,
  held: readonly X509Certificate[],
  { atMs, trusted }: { readonly atMs: number; readonly trusted: readonly X509Certificate[] },
): void {
  const usages = signer.keyUsage ?? [];
  if (usages.length !== 1 || usages[0] !== oids.timestamping) {
    throw new TimestampError('the certificate that signed it is not for timestamps alone');
  }
  let current = signer;
  for (let depth = 0; depth < mostChain; depth += 1) {
    if (atMs < Date.parse(current.validFrom) || atMs > Date.parse(current.validTo)) {
      throw new TimestampError(`a certificate was not valid then: ${current.subject.replaceAll('\n', ', ')}`);
    }
    const here = current;
    if (trusted.some(({ fingerprint256 }) => fingerprint256 === here.fingerprint256)) return;
    const issuer = [...trusted, ...held].find((one) => one.ca && here.checkIssued(one) && here.verify(one.publicKey));
    if (!issuer || issuer.fingerprint256 === here.fingerprint256) break;
    current = issuer;
  }
  throw new TimestampError('its certificate leads to none that is trusted here', { problem: 'untrusted' });
}

/** The certificates of a PEM file, in order. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return found.map((text) => new X509Certificate(text));
}

/** Whether the text begins as DER does; for a message that says what came instead. */
export function looksLikeDer(body: Buffer): boolean {
  try {
    return readNode(body).tag === tags.sequence;
  } catch {
    return false; // it is something else: that is the answer
  }
}
