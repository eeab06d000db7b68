import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'ldapts';

/** A real OpenLDAP server of its own folder and ports, run as an ordinary process. */
export interface DirectoryServer extends AsyncDisposable {
  readonly url: string;
  readonly secureUrl: string;
  /** Certificate that signed the server's. */
  readonly caFile: string;
  readonly baseDn: string;
  readonly adminDn: string;
  readonly adminPassword: string;
  add(dn: string, attributes: Readonly<Record<string, string | string[]>>): Promise<void>;
}

const baseDn = 'dc=example,dc=org';
const adminDn = `cn=admin,${baseDn}`;
const adminPassword = 'the directory’s own password';

/**
 * Starts a server with one organisation. `slapd` comes from the system (Debian and Ubuntu: `apt-get install slapd`, no
 * configuration needed); where it is absent, says so.
 */
export async function startSlapd(): Promise<DirectoryServer | { readonly unavailable: string }> {
  const program = ['/usr/sbin/slapd', '/usr/local/libexec/slapd'].find(existsSync);
  const modules = ['/usr/lib/ldap', '/usr/lib64/openldap', '/usr/lib/openldap'].find(existsSync);
  const schema = ['/etc/ldap/schema', '/etc/openldap/schema'].find(existsSync);
  if (!program || !modules || !schema) return { unavailable: 'no slapd (Debian: apt-get install slapd ldap-utils)' };
  const home = mkdtempSync(join(tmpdir(), 'intramuros-slapd-'));
  const failure = makeCertificates(home);
  if (failure) return { unavailable: failure };
  mkdirSync(join(home, 'data'));
  writeFileSync(join(home, 'slapd.conf'), configuration(home, modules, schema));
  const [port, securePort] = [await freePort(), await freePort()];
  const [url, secureUrl] = [`ldap://127.0.0.1:${port}`, `ldaps://localhost:${securePort}`];
  const server = spawn(
    program,
    ['-f', join(home, 'slapd.conf'), '-h', `${url} ldaps://127.0.0.1:${securePort}`, '-d', '256'],
    {
      cwd: home,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  await ready(server);
  await answers(port);
  const add: DirectoryServer['add'] = async (dn, attributes) => {
    const client = new Client({ url });
    await client.bind(adminDn, adminPassword);
    await client.add(dn, { ...attributes });
    await client.unbind();
  };
  await add(baseDn, { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'Example' });
  return {
    url,
    secureUrl,
    caFile: join(home, 'ca.pem'),
    baseDn,
    adminDn,
    adminPassword,
    add,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function configuration(home: string, modules: string, schema: string): string {
  return `include ${schema}/core.schema
include ${schema}/cosine.schema
include ${schema}/inetorgperson.schema
modulepath ${modules}
moduleload back_mdb
moduleload memberof
pidfile ${home}/slapd.pid
TLSCACertificateFile ${home}/ca.pem
TLSCertificateFile ${home}/server.pem
TLSCertificateKeyFile ${home}/server.key
allow bind_anon_dn bind_anon_cred
database mdb
suffix "${baseDn}"
rootdn "${adminDn}"
rootpw ${adminPassword.includes(' ') ? `"${adminPassword}"` : adminPassword}
directory ${home}/data
overlay memberof
`;
}

/** An authority and a certificate of `localhost`, by the system's openssl; says why it cannot. */
function makeCertificates(home: string): string | undefined {
  const run = (...args: string[]): boolean => spawnSync('openssl', args, { cwd: home, stdio: 'ignore' }).status === 0;
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  writeFileSync(join(home, 'names'), 'subjectAltName=DNS:localhost');
  const made =
    run('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test authority') &&
    run('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost') &&
    run(
      'x509',
      '-req',
      '-in',
      'server.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'names',
      '-out',
      'server.pem',
    );
  return made ? undefined : 'no openssl to make certificates with';
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stderr?.on('data', (text: Buffer) => {
      said = (said + text).slice(-4_000);
      if (said.includes('slapd starting')) resolve();
    });
    server.once('exit', (code) => reject(new Error(`slapd ended with ${code}: ${said}`)));
    server.once('error', reject);
  });
}

/** It says that it starts a little before it listens. */
async function answers(port: number): Promise<void> {
  const untilMs = performance.now() + 10_000;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await setTimeout(5);
    } finally {
      socket.destroy();
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
