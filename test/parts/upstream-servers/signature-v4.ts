import { createHash, createHmac } from 'node:crypto';
import type { SeenCall } from './loopback.ts';

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * Why a call's signature (version 4) is not right; undefined when it is. Written from the published algorithm alone, so that
 * it judges a signer and does not repeat it.
 */
export function signatureProblem(
  call: SeenCall,
  keys: { readonly id: string; readonly secret: string },
): string | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      call.headers.authorization ?? '',
    );
  if (!match) return 'there is no signature of version 4';
  const [, id = '', day = '', region = '', service = '', signed = '', signature = ''] = match;
  if (id !== keys.id) return 'the access key is another';
  if (service !== 'bedrock') return 'the service is another';
  const date = String(call.headers['x-amz-date']);
  if (!/^\d{8}T\d{6}Z$/.test(date) || !date.startsWith(day)) return 'the date is wrong';
  const names = signed.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) return 'host or date is not signed';
  const [path = '', query = ''] = call.path.split('?');
  const canonical = [
    call.method,
    path.split('/').map(encode).join('/'),
    query,
    ...names.map((name) => `${name}:${String(call.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signed,
    sha256(call.rawBody),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${keys.secret}`, day));
  return hmac(key, text).toString('hex') === signature ? undefined : 'the signature does not fit the request';
}
