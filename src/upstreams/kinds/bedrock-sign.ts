import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { IntramurosError } from '../../base/index.ts';
import type { UpstreamSecret, WireRequest } from './kind.ts';

type Data = string | ArrayBuffer | ArrayBufferView;

const toBytes = (data: Data): Uint8Array =>
  typeof data === 'string'
    ? Buffer.from(data, 'utf8')
    : ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);

/** SHA-256, keyed or not, in the form that the signer asks for, by Node's own crypto. */
class Sha256 {
  readonly #secret: Data | undefined;
  #hash: Hash | Hmac;
  constructor(secret?: Data) {
    this.#secret = secret;
    this.#hash = this.#fresh();
  }
  update(data: Data): void {
    this.#hash.update(toBytes(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    this.#hash = this.#fresh();
  }
  #fresh(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(this.#secret));
  }
}

/** Region of an address such as `https://bedrock-runtime.eu-west-3.amazonaws.com`. */
export function regionOf(url: string): string | undefined {
  return /^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(amazonaws\.com|amazonaws\.com\.cn|api\.aws)$/.exec(
    new URL(url).hostname,
  )?.[1];
}

/** Headers of Amazon's signature, version 4, for one call. */
export async function signBedrock(
  { url, request }: { readonly url: URL; readonly request: WireRequest },
  secret: UpstreamSecret,
  region: string | undefined,
  now: Date,
): Promise<Readonly<Record<string, string>>> {
  const { accessKeyId, secretAccessKey, sessionToken, apiKey } = secret;
  if (apiKey !== undefined) return { authorization: `Bearer ${apiKey}` };
  if (accessKeyId === undefined || secretAccessKey === undefined || region === undefined) {
    throw new IntramurosError(
      'secret_unavailable',
      'An upstream of kind bedrock needs an access key, its secret and a region. Enter them anew.',
      { facts: { reason: region === undefined ? 'region' : 'missing' } },
    );
  }
  const signer = new SignatureV4({
    service: 'bedrock',
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: Sha256,
  });
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      headers: { ...request.headers, host: url.host },
      body: request.body,
    },
    { signingDate: now },
  );
  const { host: _host, ...headers } = signed.headers;
  return headers;
}
