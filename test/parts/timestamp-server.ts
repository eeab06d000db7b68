import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True when `openssl` is here: it is the authority. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** An RFC 3161 authority: `openssl ts` behind HTTP, with a certificate authority and an intermediate of its own. */
export interface TimestampServer extends AsyncDisposable {
  readonly url: string;
  /** PEM of the root. */
  readonly rootPem: string;
  /** Tokens that it gave, as whole answers. */
  readonly given: readonly Buffer[];
  /** Changes each answer before it goes out. */
  change: ((reply: Buffer) => Buffer) | undefined;
}

export interface TimestampServerOptions {
  /** Default `ec`. Kind of the key that signs. */
  readonly key?: 'rsa' | 'ec';
}

export async function startTimestampServer(options: TimestampServerOptions = {}): Promise<TimestampServer> {
  const folder = mkdtempSync(join(tmpdir(), 'intramuros-tsa-'));
  makeAuthority(folder, options);
  const given: Buffer[] = [];
  const tsa = { change: undefined as TimestampServer['change'] };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const query = join(folder, 'query.tsq');
    const reply = join(folder, 'reply.tsr');
    writeFileSync(query, Buffer.concat(parts));
    run(folder, ['ts', '-reply', '-config', 'tsa.cnf', '-queryfile', query, '-out', reply]);
    const bytes = readFileSync(reply);
    given.push(bytes);
    response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(tsa.change?.(bytes) ?? bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`,
    rootPem: readFileSync(join(folder, 'root.pem'), 'utf8'),
    given,
    get change() {
      return tsa.change;
    },
    set change(change) {
      tsa.change = change;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(folder: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
}

function makeAuthority(folder: string, { key = 'ec' }: TimestampServerOptions): void {
  const kind = key === 'rsa' ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  writeFileSync(
    join(folder, 'tsa.cnf'),
    [
      '[tsa]',
      'default_tsa=house',
      '[ca]',
      'basicConstraints=critical,CA:TRUE',
      'keyUsage=critical,keyCertSign',
      '[clock]',
      'basicConstraints=CA:FALSE',
      'extendedKeyUsage=critical,timeStamping',
      '[req]',
      'distinguished_name=dn',
      '[dn]',
      '[house]',
      'serial=serial',
      'signer_cert=signer.pem',
      'certs=middle.pem',
      'signer_key=signer.key',
      'signer_digest=sha256',
      'default_policy=1.2.3.4.1',
      'digests=sha256',
      'accuracy=secs:1',
      'ess_cert_id_chain=no',
      'ess_cert_id_alg=sha256',
      '',
    ].join('\n'),
  );
  writeFileSync(join(folder, 'serial'), '01\n');
  const request = (name: string, subject: string): void =>
    run(folder, [
      'req',
      '-new',
      ...kind,
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      subject,
      '-config',
      'tsa.cnf',
    ]);
  const issue = (name: string, by: string, section: string): void =>
    run(folder, [
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${by}.pem`,
      '-CAkey',
      `${by}.key`,
      '-CAcreateserial',
      '-days',
      '30',
      '-extfile',
      'tsa.cnf',
      '-extensions',
      section,
      '-out',
      `${name}.pem`,
    ]);
  run(folder, [
    'req',
    '-x509',
    ...kind,
    '-nodes',
    '-keyout',
    'root.key',
    '-out',
    'root.pem',
    '-subj',
    '/CN=Test root',
    '-days',
    '30',
    '-config',
    'tsa.cnf',
    '-extensions',
    'ca',
  ]);
  request('middle', '/CN=Test middle');
  issue('middle', 'root', 'ca');
  request('signer', '/CN=Test clock');
  issue('signer', 'middle', 'clock');
}
