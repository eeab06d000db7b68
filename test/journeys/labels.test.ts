import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { UpstreamInput } from '../../src/upstreams/index.ts';
import { buildPageWhenStale, findChromium, openBrowser, pageFolder } from '../parts/browser.ts';
import { describeModel } from '../parts/memory-library.ts';
import { ask, openPage, send, type WatchedPage } from '../parts/page.ts';
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../parts/test-gateway.ts';
import { openOpenAiUpstream } from '../parts/upstream-servers/index.ts';

// Labels, refusals, fallbacks and four eyes in a real browser, on the real gateway, policy, record and door; the model of
// this machine echoes, and distant services are loopback servers with the real wire format.
const chromium = findChromium();
const options = { skip: chromium ? false : 'no Chromium on this machine', timeout: 240_000 };
const password = 'la muraille garde le jardin';
let browser: Browser;

before(async () => {
  if (!chromium) return;
  buildPageWhenStale();
  browser = await openBrowser(chromium);
});
after(() => browser?.close());

function house(more: TestGatewayOptions = {}): Promise<TestGateway> {
  const models = [{ ...describeModel('echo', ['chat']), title: 'Echo' }];
  return openTestGateway({ conversations: true, pageFolder, models, ...more });
}

/** A service abroad that keeps and learns nothing: PUBLIC may go there. */
function service(url: string, more: Partial<UpstreamInput> = {}): UpstreamInput {
  return {
    id: 'acme',
    title: 'Service américain',
    kind: 'openai',
    urls: [`${url}/v1`],
    destination: {
      tier: 'saas',
      country: 'US',
      operatorCountry: 'US',
      extraEuExposure: true,
      retentionDays: 0,
      trainsOnData: false,
      dpaRef: 'DPA-1',
      enclave: false,
    },
    models: [
      {
        name: 'grand',
        capabilities: ['chat'],
        price: { currency: 'EUR', inputMicros: 2_000_000, outputMicros: 6_000_000, asOf: '2026-01-01' },
      },
    ],
    ...more,
  };
}
const everybody = { level: 'PUBLIC', mentions: [], compartments: [] } as const;

async function pick(page: Page, name: RegExp): Promise<void> {
  await page.locator('.picker').click();
  await page.getByRole('option', { name }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function raiseTo(page: Page, level: string): Promise<void> {
  await page.locator('.label-button').click();
  await page.locator(`.level-option[data-level="${level}"] input`).check();
  await page.keyboard.press('Escape');
}

test(
  'an answer from elsewhere says where, what left and what it cost; once the label rises it is refused, and the nearest answers',
  options,
  async () => {
    await using abroad = await openOpenAiUpstream({ models: ['grand'] });
    await using gateway = await house({ serves: [service(abroad.url)], defaultLabel: everybody });
    await using watched = await openPage(browser, gateway.address);
    const { page } = watched;
    await pick(page, /grand/);
    assert.match(
      (await page.locator('.label-may').textContent()) ?? '',
      /Peut aller à\s: cette machine, Service américain/,
    );
    await ask(page, 'Une question pour tous');
    const first = page.locator('.answer').first();
    await first
      .locator('.chip')
      .getByText(/Calculée par Service américain · [1-9].* sortis/)
      .waitFor();
    assert.equal(await first.getAttribute('data-gate'), 'true');
    await first.locator('.chip').click();
    const receipt = (await page.locator('.receipt').textContent()) ?? '';
    assert.match(receipt, /service externe \(SaaS\)/);
    assert.match(receipt, /PaysÉtats-Unis/);
    assert.match(receipt, /Coût0,0+\d+\s€/);
    assert.equal(abroad.seen.length, 1);

    // Raised elsewhere: this page does not know yet, and the server decides.
    const listed = (await (await gateway.ask('/api/conversations')).json()) as { conversations: { id: string }[] };
    const raised = await gateway.ask(`/api/conversations/${listed.conversations[0]?.id}`, {
      method: 'PATCH',
      body: { label: { level: 'SENSIBLE', mentions: ['PII'], compartments: [] } },
    });
    assert.equal(raised.status, 200, await raised.text());
    await send(page, 'Une note interne');
    const refusal = page.locator('.answer .denial');
    await refusal.waitFor();
    const words = (await refusal.textContent()) ?? '';
    assert.match(words, /Cette question n’est pas partie/);
    assert.match(words, /SENSIBLE.*PII/);
    assert.match(words, /Relevé parla personne elle-même/);
    assert.match(words, /Règles\S/);
    assert.match(words, /Lieu permis le plus prochecette machine/);
    assert.equal(abroad.seen.length, 1, 'the refused question went nowhere');
    await refusal.getByRole('button', { name: 'Demander à Echo' }).click();
    await page
      .locator('.answer')
      .last()
      .locator('.chip')
      .getByText('Calculée sur cette machine · 0 octet sorti')
      .waitFor();
    assert.match((await page.locator('.picker').textContent()) ?? '', /Echo/);
    assert.equal(abroad.seen.length, 1);
  },
);

test(
  'a label that forbids the chosen model says so before sending, and the nearest is one button away',
  options,
  async () => {
    await using abroad = await openOpenAiUpstream({ models: ['grand'] });
    await using gateway = await house({ serves: [service(abroad.url)], defaultLabel: everybody });
    await using watched = await openPage(browser, gateway.address);
    const { page } = watched;
    await pick(page, /grand/);
    await raiseTo(page, 'SENSIBLE');
    await page
      .locator('.foot .denial')
      .getByText('grand ne peut pas recevoir une question marquée SENSIBLE.')
      .waitFor();
    await page.locator('.composer textarea').fill('Une note');
    assert.equal(await page.getByRole('button', { name: 'Envoyer' }).isDisabled(), true);
    await page.locator('.composer textarea').press('Enter');
    assert.equal(await page.locator('.question').count(), 0, 'nothing was sent');
    await page.getByRole('button', { name: 'Prendre Echo' }).click();
    await page.locator('.foot .denial').waitFor({ state: 'detached' });
    await page.locator('.composer textarea').press('Enter');
    await page
      .locator('.answer .chip')
      .getByText(/Calculée sur cette machine/)
      .waitFor();
    await page.locator('.question .label').getByText('SENSIBLE').waitFor();
    assert.equal(abroad.seen.length, 0);
  },
);

test(
  'a place that does not answer falls back to a nearer one, and the answer says so, also after a reload',
  options,
  async () => {
    const dead = await openOpenAiUpstream({ models: ['grand'] });
    await using near = await openOpenAiUpstream({ models: ['grand'] });
    await dead[Symbol.asyncDispose]();
    const neighbour = service(near.url, {
      id: 'voisin',
      title: 'Serveur voisin',
      destination: { tier: 'on-premises', country: 'FR', extraEuExposure: false },
    });
    const upstreams = [neighbour, service(dead.url, { fallbacks: ['voisin'] })];
    await using gateway = await house({ serves: upstreams, defaultLabel: everybody });
    await using watched = await openPage(browser, gateway.address);
    const { page } = watched;
    await pick(page, /acme\/grand/);
    await ask(page, 'Une question');
    const notice = 'acme/grand n’a pas répondu. La réponse vient de voisin/grand, plus près de vous.';
    await page.locator('.fell-back').getByText(notice).waitFor();
    await page
      .locator('.answer .chip')
      .getByText(/Calculée par Serveur voisin/)
      .waitFor();
    await page.reload();
    await page.locator('.fell-back').getByText(notice).waitFor();
  },
);

async function signIn({ page }: WatchedPage, name: string): Promise<void> {
  await page.getByLabel('Nom', { exact: true }).fill(name);
  await page.getByLabel('Mot de passe').fill(password);
  await page.getByRole('button', { name: 'Se connecter' }).click();
  await page.locator('.composer textarea').waitFor();
}

/** A house with two administrators, each at a page of their own. */
async function twoAdministrators() {
  await using stack = new AsyncDisposableStack();
  const gateway = stack.use(await house({ accounts: password }));
  const { people } = gateway.rooms.identity;
  const [first] = await people.list();
  assert.ok(first);
  const bob = { name: 'bob', displayName: 'Bob', password, roles: first.roles };
  const { id: bobId } = await people.create({ personId: first.id, can: () => true }, bob);
  const [hers, his] = [
    stack.use(await openPage(browser, gateway.address, { ready: '.door' })),
    stack.use(await openPage(browser, gateway.address, { ready: '.door' })),
  ];
  await signIn(hers, 'alice');
  await signIn(his, 'bob');
  const kept = stack.move();
  const role = first.roles[0] ?? '';
  return { gateway, role, alice: hers.page, bob: his.page, bobId, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test(
  'a label from SP on is lowered by two: asked with a reason, pending on the page, agreed by another',
  options,
  async () => {
    await using people = await twoAdministrators();
    const { gateway, alice, bob } = people;
    await raiseTo(alice, 'SP');
    await ask(alice, 'Un dossier');
    await alice.locator('.label-button').click();
    await alice.getByRole('button', { name: 'Demander un marquage plus bas' }).click();
    await alice.getByLabel('Niveau demandé').selectOption('INTERNE');
    await alice.getByLabel('Pourquoi').fill('Le dossier est publié depuis hier.');
    await alice.getByRole('button', { name: 'Envoyer la demande' }).click();
    await alice.locator('.label-raised').getByText('Demande en attente : INTERNE').waitFor();
    await alice.goto(`${gateway.address}/#/admin/policy`);
    await alice.getByText('Une autre personne doit décider de votre proposition.').waitFor();
    assert.equal(await alice.getByRole('button', { name: 'Accepter' }).count(), 0);

    await bob.goto(`${gateway.address}/#/admin/policy`);
    await bob.getByText('Le dossier est publié depuis hier.').waitFor();
    await bob.getByRole('button', { name: 'Accepter' }).click();
    await bob.getByText('Rien n’attend de décision.').waitFor();
    await alice.locator('.row a').first().click();
    await alice.reload();
    await alice.locator('.label-strip .label[data-level="INTERNE"]').waitFor();
  },
);

test(
  'a policy is edited, checked, replayed and proposed by one, read line by line and agreed to by another',
  options,
  async () => {
    await using people = await twoAdministrators();
    const { gateway, role, alice, bob } = people;
    await ask(alice, 'Une question pour le passé');
    await alice.goto(`${gateway.address}/#/admin/policy`);
    const text = alice.locator('.policy-text');
    await text.waitFor();
    const before = await text.inputValue();
    await text.fill(`${before}\nforbid (`);
    await alice.getByRole('button', { name: 'Vérifier' }).click();
    await alice.getByText('Ces fichiers ne sont pas valables.').waitFor();
    assert.match((await alice.locator('.note li').first().textContent()) ?? '', /\.cedar:\d+ /);

    const rule =
      '@id("nothing-at-all")\n@reason("label_above_tier")\nforbid (principal, action, resource)\nwhen { principal.roles.contains("ROLE") };\n';
    await text.fill(`${before}\n${rule.replace('ROLE', role)}`);
    await alice.getByRole('button', { name: 'Rejouer les décisions passées' }).click();
    await alice.getByText(/1 décision rejouée\s: 1 change\./).waitFor();
    await alice.getByLabel('Pourquoi ce changement').fill('Rien ne sort pendant les travaux.');
    await alice.getByRole('button', { name: 'Vérifier' }).click();
    await alice.getByText(/Ces fichiers/).waitFor();
    await text.fill(`${before}\n// Reviewed in spring.\n`);
    await alice.getByRole('button', { name: 'Vérifier' }).click();
    await alice.getByText('Ces fichiers sont valables.').waitFor();
    await alice.getByRole('button', { name: 'Proposer', exact: true }).click();
    await alice.getByText('Une autre personne doit décider de votre proposition.').waitFor();

    await bob.goto(`${gateway.address}/#/admin/policy`);
    const version = await bob.locator('.facts dd').first().textContent();
    await bob.getByText('Voir exactement').click();
    assert.match(
      (await bob.locator('.diff-line[data-sign="+"]').allTextContents()).join(''),
      /\/\/ Reviewed in spring\./,
    );
    await bob.getByRole('button', { name: 'Accepter' }).click();
    await bob.getByText('Rien n’attend de décision.').waitFor();
    await bob.waitForFunction((old) => {
      const { document } = globalThis as unknown as {
        document: { querySelector(selector: string): { textContent: string } | null };
      };
      return (document.querySelector('.facts dd')?.textContent ?? old) !== old;
    }, version);
  },
);

test('two administrators at once: the second is told, and reads again before changing', options, async () => {
  await using people = await twoAdministrators();
  const { gateway, alice, bob, bobId } = people;
  for (const page of [alice, bob]) {
    await page.goto(`${gateway.address}/#/admin/people/${bobId}`);
    await page.getByLabel('Nom affiché').waitFor();
  }
  await bob.getByLabel('Nom affiché').fill('Robert');
  await bob.getByRole('button', { name: 'Enregistrer' }).click();
  await bob.getByRole('heading', { name: 'Robert' }).waitFor();
  await alice.getByLabel('Nom affiché').fill('Bobby');
  await alice.getByRole('button', { name: 'Enregistrer' }).click();
  await alice.getByText('Quelqu’un d’autre a modifié ceci entre-temps.').waitFor();
  await alice.getByRole('button', { name: 'Relire' }).click();
  await alice.getByRole('heading', { name: 'Robert' }).waitFor();
  assert.equal(await alice.getByLabel('Nom affiché').inputValue(), 'Robert');
});

test('2,000 people open and narrow at once', options, async () => {
  await using gateway = await house();
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  await page.route('**/api/people', async (route) => {
    const reply = await route.fetch();
    const person = { email: null, origin: 'local', roles: ['member'], groups: [], disabled: false, ceiling: null };
    const at = { createdAt: '2026-01-01T00:00:00Z', lastSeenAt: null, version: 1 };
    const people = Array.from({ length: 2000 }, (_, n) => ({
      ...person,
      ...at,
      id: `per_${n}`,
      name: `personne${n}`,
      displayName: `Zoé Numéro ${n}`,
    }));
    await route.fulfill({ response: reply, json: { people } });
  });
  await page.goto(`${gateway.address}/#/admin/people`);
  await page.getByText(/2\s000 personnes/).waitFor();
  assert.equal(await page.locator('.data-table tbody tr').count(), 100);
  await page.getByRole('searchbox', { name: 'Rechercher une personne' }).fill('zoe 1999');
  await page.getByRole('link', { name: /Zoé Numéro 1999/ }).waitFor();
  assert.equal(await page.locator('.data-table tbody tr').count(), 1);
});

test('a sign-in that failed at a provider comes back to the door, which says why', options, async () => {
  // A port that nobody listens on: the provider is away.
  const claims = { name: 'preferred_username', displayName: 'name', email: 'email', groups: 'groups' };
  const provider = {
    ...{
      id: 'pro',
      title: 'Pro',
      issuer: 'http://127.0.0.1:1',
      clientId: 'intramuros',
      clientSecret: 'a secret',
      claims,
    },
    ...{ scopes: ['openid'], hosts: [], idTokenAlgorithm: 'RS256', parameters: {} },
  };
  await using gateway = await house({ accounts: password, signIn: { providers: [provider], directory: undefined } });
  await using watched = await openPage(browser, gateway.address, { ready: '.door' });
  const { page } = watched;
  await page.getByRole('link', { name: 'Se connecter avec Pro' }).click();
  await page.getByRole('alert').getByText('Le fournisseur ne répond pas.').waitFor();
  assert.equal(new URL(page.url()).search, '', 'a reload forgets it');
  await page.reload();
  await page.locator('.sign-in').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
});
