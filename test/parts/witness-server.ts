import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a witness misbehaves. */
export type WitnessFault = 'none' | 'away' | 'slow' | 'wrong-signature' | 'other-key' | 'fork' | 'endless' | 'chatter';

/** A witness that speaks C2SP tlog-witness and checks all that it must, written apart from the product. */
export interface WitnessServer extends AsyncDisposable {
  /** `verifier-key address`, as the setting takes it. */
  readonly setting: string;
  readonly key: string;
  readonly url: string;
  /** Old sizes of the requests, in order. */
  readonly asked: readonly number[];
  /** Status of each answer. */
  readonly answers: readonly number[];
  /** Records of the newest checkpoint that it signed. */
  readonly size: number;
  fault: WitnessFault;
  /** Forgets what it saw, or pretends to have seen something. */
  remember(size: number, root?: string): void;
  /** Lets slow answers go. */
  release(): void;
}

const dash = '—';

export async function startWitness(
  logKey: string,
  { name = 'witness.example/w1' }: { readonly name?: string } = {},
): Promise<WitnessServer> {
  const keys = generateKeyPairSync('ed25519');
  const others = generateKeyPairSync('ed25519');
  const material = Buffer.concat([Buffer.from([4]), raw(keys.publicKey)]);
  const id = createHash('sha256').update(`${name}\n`).update(material).digest().subarray(0, 4);
  const log = readLogKey(logKey);
  const asked: number[] = [];
  const answers: number[] = [];
  const held = Promise.withResolvers<void>();
  let seen = { size: 0, root: '' };
  const witness = { fault: 'none' as WitnessFault };

  const cosign = (body: string): string => {
    const seconds = Math.floor(Date.now() / 1000);
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    const signer = witness.fault === 'wrong-signature' ? others.privateKey : keys.privateKey;
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`), signer);
    const shown = witness.fault === 'other-key' ? Buffer.from('00000000', 'hex') : id;
    return `${dash} ${name} ${Buffer.concat([shown, time, signature]).toString('base64')}\n`;
  };

  const judge = (text: string): { status: number; text: string; type?: string } => {
    const gap = text.indexOf('\n\n');
    const [first = '', ...proofLines] = text.slice(0, gap).split('\n');
    const old = Number(/^old (0|[1-9]\d*)$/.exec(first)?.[1] ?? Number.NaN);
    asked.push(old);
    const note = text.slice(gap + 2);
    const body = note.slice(0, note.indexOf('\n\n') + 1);
    const [origin = '', digits = '', encoded = ''] = body.split('\n');
    if (Number.isNaN(old)) return { status: 400, text: 'no old size\n' };
    if (origin !== log.name) return { status: 404, text: 'unknown log\n' };
    if (!isSigned(note, body, log)) return { status: 403, text: 'not signed by the log\n' };
    const size = Number(digits);
    const root = Buffer.from(encoded, 'base64').toString('hex');
    if (old > size) return { status: 400, text: 'old size above size\n' };
    const elsewhere = { status: 409, text: `${seen.size}\n`, type: 'text/x.tlog.size' };
    if (old !== seen.size) return elsewhere;
    if (old === size && old > 0 && (root !== seen.root || witness.fault === 'fork')) {
      return { status: 409, text: 'another root\n', type: 'text/plain' };
    }
    const proof = proofLines.map((line) => Buffer.from(line, 'base64').toString('hex'));
    if (old === 0 ? proof.length > 0 : !isConsistent({ old, size, oldRoot: seen.root, root, proof })) {
      return { status: 422, text: 'not consistent\n' };
    }
    seen = { size, root };
    return { status: 200, text: cosign(body) };
  };

  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (witness.fault === 'away') return void request.socket.destroy();
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (request.method !== 'POST' || !request.url?.endsWith('/add-checkpoint'))
      return void response.writeHead(404).end();
    if (witness.fault === 'slow') await held.promise;
    if (witness.fault === 'chatter') return void response.writeHead(200).end('<html>welcome</html>');
    const { status, text, type = 'text/plain' } = judge(Buffer.concat(parts).toString('utf8'));
    answers.push(status);
    response.writeHead(status, { 'content-type': type });
    if (witness.fault === 'endless') return void response.end('x'.repeat(1_000_000));
    response.end(text);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`;
  const key = `${name}+${id.toString('hex')}+${material.toString('base64')}`;
  return {
    setting: `${key} ${url}`,
    key,
    url,
    asked,
    answers,
    get size() {
      return seen.size;
    },
    get fault() {
      return witness.fault;
    },
    set fault(fault) {
      witness.fault = fault;
    },
    remember(size, root = '00'.repeat(32)) {
      seen = { size, root };
    },
    release: () => held.resolve(),
    async [Symbol.asyncDispose]() {
      held.resolve();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const raw = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' }).subarray(-32);

interface LogKey {
  readonly name: string;
  readonly id: string;
  readonly key: KeyObject;
}

function readLogKey(text: string): LogKey {
  const [name = '', id = '', ...material] = text.split('+');
  const bytes = Buffer.from(material.join('+'), 'base64');
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)]);
  return { name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

function isSigned(note: string, body: string, { name, id, key }: LogKey): boolean {
  return note
    .slice(body.length + 1)
    .split('\n')
    .some((line) => {
      const [mark, who, encoded = ''] = line.split(' ');
      const bytes = Buffer.from(encoded, 'base64');
      if (mark !== dash || who !== name || bytes.subarray(0, 4).toString('hex') !== id) return false;
      return verify(null, Buffer.from(body), key, bytes.subarray(4));
    });
}

const parent = (left: string, right: string): string =>
  createHash('sha256')
    .update(Buffer.from([1]))
    .update(Buffer.from(left + right, 'hex'))
    .digest('hex');

/** RFC 9162, section 2.1.4.2. */
export function isConsistent(given: {
  readonly old: number;
  readonly size: number;
  readonly oldRoot: string;
  readonly root: string;
  readonly proof: readonly string[];
}): boolean {
  const { old, size, oldRoot, root, proof } = given;
  if (old === size) return proof.length === 0 && oldRoot === root;
  const isPower = (old & (old - 1)) === 0;
  const [seed, ...rest] = isPower ? [oldRoot, ...proof] : proof;
  if (seed === undefined) return false;
  let fn = old - 1;
  let sn = size - 1;
  while (fn & 1) {
    fn >>= 1;
    sn >>= 1;
  }
  let fr = seed;
  let sr = seed;
  for (const hash of rest) {
    if (sn === 0) return false;
    if (fn & 1 || fn === sn) {
      fr = parent(hash, fr);
      sr = parent(hash, sr);
      while (!(fn & 1) && fn !== 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else sr = parent(sr, hash);
    fn >>= 1;
    sn >>= 1;
  }
  return fr === oldRoot && sr === root && sn === 0;
}
