import type { Page } from 'playwright-core';
import type { Label } from '../../src/policy/index.ts';
import type { UpstreamInput } from '../../src/upstreams/index.ts';
import { pageFolder } from '../../test/parts/browser.ts';
import { describeModel } from '../../test/parts/memory-library.ts';
import { ask, send } from '../../test/parts/page.ts';
import { openTestGateway, type TestGateway } from '../../test/parts/test-gateway.ts';
import { openOpenAiUpstream } from '../../test/parts/upstream-servers/index.ts';

// Labels, accounts and administration in pictures: the real gateway, policy, record, accounts and door. The model of this
// machine echoes; distant services are loopback servers with the real wire format.

const password = 'la muraille garde le jardin';
const label = (level: Label['level'], ...mentions: string[]): Label => ({ level, mentions, compartments: [] });
const price = { currency: 'EUR', inputMicros: 2_000_000, outputMicros: 6_000_000, asOf: '2026-01-01' } as const;

const places = (near: string, rented: string, abroad: string): readonly UpstreamInput[] => [
  {
    id: 'dgx',
    title: 'Calcul du ministère',
    kind: 'openai',
    flavour: 'vllm',
    urls: [`${near}/v1`],
    destination: {
      tier: 'on-premises',
      country: 'FR',
      operatorCountry: 'FR',
      extraEuExposure: false,
      retentionDays: 0,
    },
    models: [{ name: 'mistral-small', capabilities: ['chat'], contextTokens: 32_768 }],
  },
  {
    id: 'secnum',
    title: 'Hébergeur qualifié',
    kind: 'openai',
    urls: [`${rented}/v1`],
    destination: {
      tier: 'iaas',
      country: 'FR',
      operatorCountry: 'FR',
      extraEuExposure: false,
      retentionDays: 0,
      trainsOnData: false,
      dpaRef: 'DPA-2026-14',
      secnumcloud: { certificate: 'ANSSI-2026-017', scope: 'IaaS', expires: '2099-12-31' },
    },
    models: [{ name: 'llama-70b', capabilities: ['chat'], contextTokens: 32_768, price }],
  },
  {
    id: 'acme',
    title: 'Acme AI',
    kind: 'openai',
    urls: [`${abroad}/v1`],
    destination: { tier: 'saas', country: 'US', operatorCountry: 'US', extraEuExposure: true },
    models: [{ name: 'gpt-large', capabilities: ['chat'], price }],
  },
];

const names = ['Amélie Durand', 'Karim Benali', 'Louis Lefèvre', 'Inès Moreau', 'Marc Petit', 'Zoé Roux', 'Nora Faure'];

export interface SampleHouse extends AsyncDisposable {
  readonly address: string;
}

/** A house with people, caps, places and a past, all made as a person would make them. */
export async function openSampleHouse(): Promise<SampleHouse> {
  await using stack = new AsyncDisposableStack();
  const servers = ['mistral-small', 'llama-70b', 'gpt-large'].map((model) => openOpenAiUpstream({ models: [model] }));
  const [near, rented, abroad] = (await Promise.all(servers)).map((server) => stack.use(server).url);
  const gateway = stack.use(
    await openTestGateway({
      pageFolder,
      models: [{ ...describeModel('echo', ['chat']), title: 'Echo' }],
      serves: places(near ?? '', rented ?? '', abroad ?? ''),
      accounts: password,
      engine: { tokenMs: 5 },
      rooms: { reach: () => ({ outside: [], offline: false, bytesSent: 0, bytesReceived: 0 }) },
    }),
  );
  await furnish(gateway);
  const kept = stack.move();
  return { address: gateway.address, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function furnish(gateway: TestGateway): Promise<void> {
  const { people } = gateway.rooms.identity;
  const [alice] = await people.list();
  const by = { personId: alice?.id ?? '', can: () => true };
  for (const displayName of names) {
    const name = displayName.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(' ', '.');
    await people.create(by, {
      name,
      displayName,
      password,
      roles: name.startsWith('amelie') ? (alice?.roles ?? []) : ['member'],
    });
  }
  const cookie = await sessionOf(gateway, 'alice');
  const tell = (method: string, path: string, body: unknown) => tellAs(gateway, cookie, method, path, body);
  await tell('POST', '/api/groups', { title: 'Ressources humaines', compartments: ['rh'], members: [alice?.id] });
  await tell('PUT', '/api/roles/juriste', {
    title: 'Juriste',
    allow: ['chat.use', 'audit.read'],
    deny: ['destination.use'],
  });
  const everybody = { kind: 'everybody', id: '*' };
  await tell('POST', '/api/quotas', { subject: everybody, unit: 'tokens', period: 'day', limit: 2000 });
  await tell('POST', '/api/quotas', {
    subject: { kind: 'model', id: 'secnum/llama-70b' },
    unit: 'money',
    period: 'month',
    limit: 50_000_000,
  });
  await tell('POST', '/api/me/keys', { name: 'Script de veille', models: ['echo'], ceiling: label('INTERNE') });
  for (const [model, level, text] of [
    ['echo', label('INTERNE'), 'Relisez cette lettre.'],
    ['dgx/mistral-small', label('SENSIBLE', 'PII'), 'Résumez le compte rendu de la réunion du comité.'],
    ['secnum/llama-70b', label('INTERNE'), 'Traduisez ce paragraphe en anglais.'],
    ['acme/gpt-large', label('SENSIBLE'), 'Une note interne.'],
  ] as const) {
    const { id } = (await (await tell('POST', '/api/conversations', {})).json()) as { id: string };
    const reply = await tell('POST', `/api/conversations/${id}/answers`, {
      kind: 'ask',
      parentId: null,
      content: text,
      model,
      label: level,
    });
    await reply.text();
  }
  const { files } = (await (await tell('GET', '/api/policy', undefined)).json()) as {
    files: { name: string; text: string }[];
  };
  const [first, ...rest] = files;
  const text = `${first?.text}\n// Relu par le comité de sécurité en mars.\n`;
  await tellAs(gateway, await sessionOf(gateway, 'amelie.durand'), 'POST', '/api/policy/proposals', {
    files: [{ name: first?.name, text }, ...rest],
    reason: 'La relecture annuelle est faite.',
  });
}

async function sessionOf(gateway: TestGateway, name: string): Promise<string> {
  const reply = await gateway.ask('/api/session', { method: 'POST', body: { name, password } });
  if (!reply.ok) throw new Error(await reply.text());
  return reply.headers.get('set-cookie')?.split(';')[0] ?? '';
}

async function tellAs(gateway: TestGateway, cookie: string, method: string, path: string, body: unknown) {
  const headers = { cookie, origin: gateway.address };
  const reply = await gateway.ask(path, { method, headers, ...(body === undefined ? {} : { body }) });
  if (!reply.ok && !path.endsWith('/answers')) throw new Error(`${method} ${path}: ${await reply.text()}`);
  return reply;
}

type State = readonly [name: string, reach: (page: Page) => Promise<void>];

async function signIn(page: Page): Promise<void> {
  await page.locator('#sign-name').fill('alice');
  await page.locator('#sign-password').fill(password);
  await page.locator('.sign-in .button-strong').click();
  await page.locator('.label-button').waitFor();
}

async function raiseTo(page: Page, level: string): Promise<void> {
  await page.locator('.label-button').click();
  await page.locator(`.level-option[data-level="${level}"] input`).check();
  await page.locator('.label-raised').waitFor();
}

async function take(page: Page, model: string): Promise<void> {
  await page.locator('.picker').click();
  await page.getByRole('option', { name: new RegExp(model) }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

const at =
  ({ address }: SampleHouse) =>
  (name: string, place: string): State => [
    name,
    async (page) => {
      await signIn(page);
      await page.goto(`${address}/#/${place}`);
      await page.locator('.page :is(h2, .admin-column h2)').first().waitFor();
      await page.locator('.waiting').first().waitFor({ state: 'detached' });
    },
  ];

/** The main places, in every look. */
export function houseStates(house: SampleHouse): readonly State[] {
  const page = at(house);
  return [
    ['sign-in', (shown) => shown.locator('.sign-in').waitFor()],
    [
      'label',
      async (shown) => {
        await signIn(shown);
        await raiseTo(shown, 'SENSIBLE');
      },
    ],
    [
      'forbidden',
      async (shown) => {
        await signIn(shown);
        await raiseTo(shown, 'SENSIBLE');
        await shown.keyboard.press('Escape');
        await shown.locator('.picker').click();
        await shown.locator('.picker-denied').waitFor();
      },
    ],
    page('account', 'account'),
    page('people', 'admin/people'),
    page('upstreams', 'admin/upstreams'),
    page('policy', 'admin/policy'),
    page('egress', 'admin/egress'),
  ];
}

/** The rest, in two looks. */
export function houseStatesToo(house: SampleHouse): readonly State[] {
  const page = at(house);
  return [
    [
      'elsewhere',
      async (shown) => {
        await signIn(shown);
        await take(shown, 'llama-70b');
        await ask(shown, 'Quels sont les délais de recours ?');
        await shown.locator('.answer .chip').click();
        await shown.locator('.receipt section').first().waitFor();
      },
    ],
    [
      'refusal',
      async (shown) => {
        await signIn(shown);
        await raiseTo(shown, 'SENSIBLE');
        await shown.keyboard.press('Escape');
        await take(shown, 'mistral-small');
        await shown.route('**/answers', (route) =>
          route.continue({
            postData: (route.request().postData() ?? '').replace('dgx/mistral-small', 'acme/gpt-large'),
          }),
        );
        await send(shown, 'Résumez la note du 3 mars.');
        await shown.locator('.answer .denial').waitFor();
      },
    ],
    [
      'forbidden-before',
      async (shown) => {
        await signIn(shown);
        await take(shown, 'llama-70b');
        await raiseTo(shown, 'DR');
        await shown.keyboard.press('Escape');
        await shown.locator('.foot .denial').waitFor();
      },
    ],
    page('person', 'admin/people/new'),
    page('groups', 'admin/groups'),
    page('role', 'admin/roles/juriste'),
    page('keys', 'admin/keys'),
    page('quotas', 'admin/quotas'),
    page('upstream', 'admin/upstreams/secnum'),
    page('decisions', 'admin/decisions'),
    page('usage', 'admin/usage'),
  ];
}
