import assert from 'node:assert/strict';
import dns from 'node:dns';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, isIP } from 'node:net';
import { after, test } from 'node:test';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { type AllowEntry, openEgress } from '../../src/egress/index.ts';
import type { Clearance } from '../../src/policy/index.ts';

let reached = 0;
const inner = createServer((_request, response) => {
  reached += 1;
  response.end('a secret of this network');
});
await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
const { port } = inner.address() as AddressInfo;
after(() => inner.close().closeAllConnections());

/** A name server whose answers are ours, in place of the system's: what an attacker's would say. */
const answers: Record<string, string[][]> = {
  'rebind.example': [['192.0.2.9'], ['127.0.0.1']],
  'mixed.example': [['93.184.215.14', '127.0.0.1']],
  'home.example': [['127.0.0.1']],
  'lan.example': [['10.0.0.7']],
  'cloud.example': [['169.254.169.254']],
  'mapped.example': [['::ffff:127.0.0.1']],
  'nat64.example': [['64:ff9b::7f00:1']],
  'link.example': [['fe80::1']],
  'zero.example': [['0.0.0.0']],
  'evil.localhost': [['93.184.215.14']],
};
const asked: string[] = [];
const real = dns.lookup;
dns.lookup = ((host: string, options: { all?: boolean }, done: (...args: unknown[]) => void) => {
  if (isIP(host)) return (real as (...args: unknown[]) => unknown)(host, options, done);
  asked.push(host);
  const turns = answers[host];
  const addresses = (turns && turns.length > 1 ? turns.shift() : turns?.[0]) ?? [];
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  if (found.length === 0) done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
  else if (options.all) done(null, found);
  else done(null, found[0]?.address, found[0]?.family);
}) as typeof dns.lookup;
syncBuiltinESMExports();
after(() => {
  dns.lookup = real;
  syncBuiltinESMExports();
});

const clearance = (addresses: readonly string[], more: Partial<Clearance> = {}): Clearance => ({
  decisionId: 'dec_proof',
  destinationId: 'saas',
  label: { level: 'PUBLIC', mentions: [], compartments: [] },
  effect: 'allow',
  tier: 'saas',
  addresses,
  mostBytes: 1_000,
  expiresAt: Date.now() + 60_000,
  seal: 'genuine',
  ...more,
});

test('no trick of names, addresses, redirects or proxies opens the door', async () => {
  const redirecting = createServer((_request, response) => {
    response.writeHead(307, { location: `http://inside.example:${port}/` }).end();
  });
  await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
  after(() => redirecting.close().closeAllConnections());
  const redirectPort = (redirecting.address() as AddressInfo).port;
  let proxied = 0;
  const proxy = createServer().on('connect', (_request, socket) => {
    proxied += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  after(() => proxy.close().closeAllConnections());

  await using egress = openEgress({
    offline: false,
    log: silentLog(),
    clock: systemClock,
    verify: ({ seal }) => seal === 'genuine',
  });
  const entry = (host: string): AllowEntry => ({ host, port, purpose: 'p', origin: 'source' });
  egress.allow('proof', Object.keys(answers).map(entry));
  const get = (host: string) => egress.fetch(`http://${host}:${port}/`, { purpose: 'p' });
  const send = (host: string, cleared: Clearance, body = 'prompt') =>
    egress.fetch(`http://${host}:${port}/`, { purpose: 'inference', method: 'POST', body, clearance: cleared });
  const saas = (host: string, more: Partial<Clearance> = {}) => clearance([`${host}:${port}`], more);

  const tricks: Record<string, () => Promise<unknown>> = {
    'a name that is nobody’s': () => get('rebind.example'),
    'the same name, rebound to this machine': () => get('rebind.example'),
    'one good address and one of this machine': () => get('mixed.example'),
    'a public name for this machine': () => get('home.example'),
    'a public name for the local network': () => get('lan.example'),
    'a public name for cloud metadata': () => get('cloud.example'),
    'cloud metadata, declared on-premises': () => send('cloud.example', saas('cloud.example', { tier: 'on-premises' })),
    'IPv4 inside IPv6': () => get('mapped.example'),
    'IPv4 inside NAT64': () => get('nat64.example'),
    'a link-local address': () => get('link.example'),
    'the address of no machine': () => get('zero.example'),
    'a name of this machine that leads away': () => get('evil.localhost'),
    'metadata by number': () => get('2852039166'),
    'IPv4 inside IPv6, written out': () => get('[::ffff:127.0.0.1]'),
    'a dot at the end of a name that is not listed': () => get('other.example.'),
    'an international look-alike of a listed name': () => get('hоme.example'),
    'a name under a listed name': () => get('x.home.example'),
    'another port': () => egress.fetch(`http://home.example:${port + 1}/`, { purpose: 'p' }),
    'another purpose': () => egress.fetch(`http://home.example:${port}/`, { purpose: 'other' }),
    'a user before the host': () => get('home.example@other.example'),
    'a clearance for another host': () => send('home.example', saas('lan.example')),
    'a forged clearance': () => send('home.example', saas('home.example', { seal: 'forged' })),
    'a clearance that is over': () => send('home.example', saas('home.example', { expiresAt: 1 })),
    'more than was decided': () => send('home.example', saas('home.example'), 'x'.repeat(1_001)),
    'a SaaS name that is a machine of this network': () => send('lan.example', saas('lan.example')),
    'inference without a clearance, to this machine': () =>
      egress.fetch(`http://127.0.0.1:${port}/`, { purpose: 'inference', method: 'POST', body: 'prompt' }),
    'a redirect into this network': async () => {
      const cleared = clearance([`127.0.0.1:${redirectPort}`], { tier: 'on-premises' });
      const url = `http://127.0.0.1:${redirectPort}/`;
      const answer = await egress.fetch(url, { purpose: 'inference', method: 'POST', body: 'x', clearance: cleared });
      await answer.text();
      if (answer.status === 307) throw Object.assign(new Error('handed back'), { code: 'egress_denied' });
    },
    'a proxy variable': async () => {
      process.env.http_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      try {
        await send('home.example', saas('home.example'));
      } finally {
        delete process.env.http_proxy;
      }
    },
    'a plain connection': () => egress.connect({ purpose: 'sign-in', host: 'ldap.example', port: 636, tls: true }),
    'a program, offline': async () => {
      await egress.setOffline(true);
      await egress.run({ purpose: 'p', command: 'curl', args: [`http://home.example:${port}/`] });
    },
  };
  const failures: string[] = [];
  for (const [name, trick] of Object.entries(tricks)) {
    const before = egress.connections({ limit: 10_000 }).filter(({ refused }) => refused !== null).length;
    const code = await trick().then(
      () => 'out',
      (error: { code?: string }) => error.code,
    );
    const rows = egress.connections({ limit: 10_000 }).filter(({ refused }) => refused !== null).length - before;
    if (code !== 'egress_denied' || rows !== 1) failures.push(`${name}: ${code}, ${rows} rows`);
  }
  const count = Object.keys(tricks).length;
  console.log(
    `PROOF door ${count - failures.length} of ${count} tricks refused and recorded, ${reached} reached the inside`,
  );
  assert.deepEqual(failures, []);
  assert.equal(reached, 0);
  assert.equal(proxied, 0);
  assert.equal(asked.filter((name) => name === 'rebind.example').length, 2, 'one look-up a dial');
});
