import { readSettings } from '../../src/base/index.ts';
import { startServer } from '../../src/serve.ts';

/**
 * Our gateway of the benchmark, in a process of its own: the product as `intramuros serve` starts it, with the mock as an
 * upstream. The rung says how much is asked of it: `single` is the machine's owner without account or key, `key` an account
 * and its key, `whole` its quotas too, `personal` a place abroad besides, for which every request is looked through for personal
 * data twice and takes the answer path. Policy and the durable, signed record are in every rung: nobody can switch them off.
 */
const [mockPort = '', home = '', rung = 'whole'] = process.argv.slice(2);

const resolved = readSettings({ home, flags: { port: 0, logLevel: 'warn', optimize: 'off', useFoundModels: false } });
const server = await startServer({ home, resolved });
let cookie = '';

async function call(method: string, path: string, body: object): Promise<Record<string, unknown>> {
  const reply = await fetch(`${server.address}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(cookie ? { cookie } : {}) },
    body: JSON.stringify(body),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${path} answered ${reply.status}: ${text}`);
  cookie ||= reply.headers.get('set-cookie')?.split(';')[0] ?? '';
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function makeUpstream(): Promise<void> {
  const names = ['json', 'stream-64-20', 'stream-2000-0'];
  await call('POST', '/api/upstreams', {
    id: 'mock',
    title: 'Mock',
    kind: 'openai',
    urls: [`http://127.0.0.1:${mockPort}/v1`],
    destination: {
      ...(rung === 'personal'
        ? { tier: 'saas', country: 'US', operatorCountry: 'US', extraEuExposure: true }
        : { tier: 'on-premises', country: 'FR', operatorCountry: 'FR', extraEuExposure: false }),
      retentionDays: 0,
      trainsOnData: false,
      enclave: false,
    },
    models: names.map((name) => ({ name, capabilities: ['chat'] })),
    enabled: true,
    fallbacks: [],
  });
}

let key: unknown;
if (rung !== 'single') {
  await call('POST', '/api/setup/administrator', { name: 'bench', password: 'correct horse battery staple' });
  ({ key } = await call('POST', '/api/me/keys', { name: 'bench' }));
}
await makeUpstream();
if (rung === 'whole' || rung === 'personal') {
  for (const unit of ['requests', 'tokens'] as const) {
    const subject = { kind: 'everybody', id: '*' };
    await call('POST', '/api/quotas', { subject, unit, period: 'day', limit: 1_000_000_000 });
  }
}
process.on('disconnect', () => void server.close().finally(() => process.exit(0)));
process.send?.({ port: Number(new URL(server.address).port), key });
