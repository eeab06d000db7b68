import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { buildPageWhenStale, findChromium, openBrowser } from '../parts/browser.ts';
import { runCommand, startServe, temporaryHome } from '../parts/command.ts';
import { openPage, send } from '../parts/page.ts';
import { starterModelFile } from '../parts/starter-model.ts';
import { openOpenAiUpstream } from '../parts/upstream-servers/index.ts';

// The product as it is served, in a real browser: labels, places, people and the ledger, as those who use them meet them.
const chromium = findChromium();
const options = { skip: chromium ? false : 'no Chromium on this machine', timeout: 300_000 };
let browser: Browser;

before(async () => {
  if (!chromium) return;
  buildPageWhenStale();
  browser = await openBrowser(chromium);
});
after(() => browser?.close());

/** A server with the starter model in a home of its own. */
async function openHouse() {
  const home = temporaryHome();
  const pulled = await runCommand(['pull', await starterModelFile()], { home: home.path });
  assert.equal(pulled.code, 0, pulled.stderr);
  const server = await startServe({ home: home.path });
  return {
    address: server.address,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      home[Symbol.dispose]();
    },
  };
}

const go = (page: Page, address: string, hash: string) => page.goto(`${address}/${hash}`);

/** Declares a service abroad as an administrator does: by the form. */
async function declareService(page: Page, address: string, url: string): Promise<void> {
  await go(page, address, '#/admin/upstreams/new');
  await page.getByLabel('Nom', { exact: true }).fill('Service américain');
  await page.getByLabel('Identifiant').fill('acme');
  await page.getByLabel('Adresses de base').fill(`${url}/v1`);
  await page.getByLabel('Genre de lieu').selectOption('saas');
  await page.getByLabel('Pays des machines').fill('us');
  await page.getByLabel('Conservation, en jours').fill('0');
  await page.getByLabel('S’entraîne sur les données').selectOption('no');
  await page.getByLabel('Nom du modèle').fill('grand');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByRole('button', { name: 'Essayer maintenant' }).waitFor();
}

async function raiseTo(page: Page, level: string): Promise<void> {
  await page.locator('.label-button').click();
  await page.locator(`.level-option[data-level="${level}"] input`).check();
  await page.keyboard.press('Escape');
  await page.locator(`.label-strip .label[data-level="${level}"]`).waitFor();
}

/** Asks, and stops an answer that a small model does not end by itself. */
async function askBriefly(page: Page, text: string): Promise<void> {
  await send(page, text);
  const answer = page.locator('.answer').last();
  await page.waitForFunction(
    () => {
      const { document } = globalThis as unknown as {
        document: { querySelector(selector: string): { textContent: string } | null };
      };
      return (document.querySelector('.answer:last-child .prose')?.textContent.length ?? 0) > 10;
    },
    undefined,
    { timeout: 120_000 },
  );
  await page.keyboard.press('Escape');
  await answer.locator('.acts').waitFor();
}

test(
  'a note marked SENSIBLE stays: the service abroad says why not, this machine answers, and the ledger has nothing',
  options,
  async () => {
    await using abroad = await openOpenAiUpstream({ models: ['grand'] });
    await using house = await openHouse();
    await using watched = await openPage(browser, house.address);
    const { page } = watched;
    await declareService(page, house.address, abroad.url);

    await page.getByRole('link', { name: 'Nouvelle conversation' }).click();
    await raiseTo(page, 'SENSIBLE');
    assert.equal(await page.locator('.label-may').textContent(), 'Reste sur cette machine');
    await page.locator('.picker').click();
    const forbidden = page.getByRole('option', { name: /grand/ });
    assert.match((await forbidden.textContent()) ?? '', /service externe \(SaaS\) · États-Unis/);
    assert.match((await forbidden.textContent()) ?? '', /Interdit pour SENSIBLE\. \p{Lu}/u);
    // By keyboard it is reached and read like the others; taking it says why it may not answer.
    await page.getByRole('searchbox', { name: 'Rechercher un modèle' }).fill('grand');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() =>
      (globalThis as unknown as { announced: string[] }).announced.some((text) => /ne peut pas répondre/.test(text)),
    );
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    assert.match((await page.locator('.picker').textContent()) ?? '', /SmolLM2/);

    await askBriefly(page, 'Note interne : le budget est de 12 000 €. Résumez.');
    const chip = page.locator('.answer .chip');
    assert.match((await chip.textContent()) ?? '', /Calculée sur cette machine · 0 octet sorti/);
    await chip.click();
    const receipt = (await page.locator('.receipt').textContent()) ?? '';
    assert.match(receipt, /Marquage\s*SENSIBLE/);
    assert.match(receipt, /Décision\s*\S{6}/);

    await go(page, house.address, '#/admin/egress');
    await page.locator('.gate').waitFor();
    assert.equal(await page.locator('.gate-sum').textContent(), '0 octet sorti');
    assert.match((await page.locator('.gate').textContent()) ?? '', /0 octet inexpliqué/);
    assert.equal(await page.locator('[aria-label="Connexions"] tbody tr').count(), 0);
    assert.equal(abroad.seen.length, 0, 'the service was asked nothing');
    assert.deepEqual(watched.complaints, []);
  },
);

test('accounts: the first administrator, a person, their key, a quota that says when it renews', options, async () => {
  await using house = await openHouse();
  await using watched = await openPage(browser, house.address);
  const { page } = watched;
  const [secret, theirs] = ['la muraille garde le jardin', 'trois tuiles sur le muret'];
  await page.keyboard.press('Control+,');
  await page.getByRole('link', { name: 'Créer des comptes' }).click();
  await page.getByLabel('Nom', { exact: true }).fill('jeanne');
  await page.getByLabel('Nom affiché').fill('Jeanne Martin');
  await page.getByLabel('Mot de passe').fill(secret);
  await page.getByLabel('Encore une fois').fill(secret);
  await page.getByRole('button', { name: /Créer mon compte/ }).click();
  await page.getByRole('heading', { name: 'Personnes' }).waitFor();

  await go(page, house.address, '#/admin/people/new');
  await page.getByLabel('Nom', { exact: true }).fill('karim');
  await page.getByLabel('Nom affiché').fill('Karim Benali');
  await page.getByLabel('Mot de passe').fill(theirs);
  await page.getByRole('button', { name: 'Créer le compte' }).click();
  await page.getByRole('link', { name: /Karim Benali/ }).waitFor();
  await go(page, house.address, '#/admin/quotas/new');
  await page.getByLabel('Pour').selectOption('person');
  await page.getByLabel('Lequel').selectOption({ label: 'Karim Benali' });
  await page.getByLabel('Compte', { exact: true }).selectOption('requests');
  await page.getByLabel('Limite').fill('2');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByRole('table', { name: 'Limites' }).waitFor();
  await page.getByRole('button', { name: 'Se déconnecter' }).click();

  await page.getByLabel('Nom', { exact: true }).fill('karim');
  await page.getByLabel('Mot de passe').fill('pas le bon');
  await page.getByRole('button', { name: 'Se connecter' }).click();
  await page.getByRole('alert').getByText('ne convient pas').waitFor();
  await page.getByLabel('Mot de passe').fill(theirs);
  await page.getByRole('button', { name: 'Se connecter' }).click();
  await page.getByRole('link', { name: 'Compte de Karim Benali' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Administration' }).count(), 0, 'a member administers nothing');

  await page.getByRole('link', { name: 'Compte de Karim Benali' }).click();
  await page.getByRole('button', { name: 'Nouvelle clé' }).click();
  await page.getByLabel('Nom', { exact: true }).fill('Script de veille');
  await page.getByRole('button', { name: 'Créer la clé' }).click();
  const key = (await page.locator('.once-secret').textContent()) ?? '';
  assert.match(key, /^imu_/);
  const reply = await fetch(`${house.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'smollm2:135m', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 4 }),
  });
  assert.equal(reply.status, 200, await reply.text());
  await page.getByRole('button', { name: 'C’est noté' }).click();
  await page.reload();
  await page.getByText('Script de veille').waitFor();
  assert.doesNotMatch((await page.locator('main').textContent()) ?? '', new RegExp(key.slice(0, 16)));

  await page.getByRole('link', { name: 'Nouvelle conversation' }).click();
  await askBriefly(page, 'Bonjour');
  await send(page, 'Encore une question');
  const refused = page.locator('.answer .problem');
  await refused.getByText('Votre quota est épuisé.').waitFor();
  assert.match((await refused.textContent()) ?? '', /Il se renouvelle .*\d{2}:\d{2}/);
  await page.getByRole('link', { name: 'Compte de Karim Benali' }).click();
  await page.getByText('2 demandes sur 2 demandes par jour').waitFor();
});

test('a session that ends in mid-use asks again, and what was being written is still there', options, async () => {
  await using house = await openHouse();
  const secret = 'la muraille garde le jardin';
  const made = await fetch(`${house.address}/api/setup/administrator`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'jeanne', password: secret }),
  });
  assert.equal(made.status, 201, await made.text());
  await using watched = await openPage(browser, house.address, { ready: '.door' });
  const { page } = watched;
  const signIn = async () => {
    await page.getByLabel('Nom', { exact: true }).fill('jeanne');
    await page.getByLabel('Mot de passe').fill(secret);
    await page.getByRole('button', { name: 'Se connecter' }).click();
  };
  await signIn();
  await page.locator('.composer textarea').fill('Une longue question');
  await watched.context.clearCookies();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Votre session a pris fin' }).waitFor();
  await signIn();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.composer textarea').inputValue(), 'Une longue question');
  await page.locator('.composer textarea').press('Enter');
  await page.locator('.answer').waitFor();
});
