import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { buildPageWhenStale, findChromium, openBrowser, pageFolder } from '../parts/browser.ts';
import { describeModel } from '../parts/memory-library.ts';
import { ask, openPage } from '../parts/page.ts';
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../parts/test-gateway.ts';

// The pages of proof in a real browser, on the real gateway and the real log; the model of this machine echoes.
const chromium = findChromium();
const options = { skip: chromium ? false : 'no Chromium on this machine', timeout: 240_000 };
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

/** What a button saves, as text. */
async function saved(page: Page, button: string): Promise<string> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button, exact: true }).click(),
  ]);
  return readFile(await file.path(), 'utf8');
}

test(
  'an auditor searches the log, opens a record that this page verifies, and takes the log away',
  options,
  async () => {
    await using gateway = await house();
    await using watched = await openPage(browser, gateway.address);
    const { page } = watched;
    await ask(page, 'Un secret que le journal ne dit pas');
    await page.goto(`${gateway.address}/#/admin/audit`);
    const rows = page.getByRole('table', { name: 'Journal' }).getByRole('row');
    await rows.nth(3).waitFor();
    await page.getByText('Attesté par cette installation seule').waitFor();

    await page.getByLabel('Genre').selectOption('decision');
    await page.getByRole('rowheader', { name: /politique/ }).waitFor({ state: 'detached' });
    await page.getByRole('rowheader', { name: /décision/ }).waitFor();
    assert.equal(await rows.count(), 2, 'a head and one decision');
    await page.getByLabel('Mots ou identifiant').fill('nothing like this');
    await page.getByText('Aucun enregistrement ne correspond.').waitFor();
    await page.getByLabel('Mots ou identifiant').fill('');
    await page
      .getByRole('rowheader', { name: /décision/ })
      .getByRole('link')
      .click();
    const one = page.getByRole('region', { name: /^Enregistrement \d+$/ });
    await one.getByText('Vérifié dans cette page').waitFor();
    const proof = JSON.parse(await saved(page, 'Enregistrer la preuve')) as { proof: { line: string } };
    assert.match(proof.proof.line, /"kind":"decision"/);

    const lines = (await saved(page, 'JSON en lignes')).trim().split('\n');
    assert.ok(lines.length >= 3);
    assert.ok(lines.includes(proof.proof.line), 'the exported line is the proven one, byte for byte');
    assert.doesNotMatch(lines.join('\n'), /Un secret/);
    for (const line of (await saved(page, 'OCSF')).trim().split('\n'))
      assert.equal(typeof (JSON.parse(line) as { class_uid: unknown }).class_uid, 'number');
    await page.getByRole('button', { name: 'Relire' }).click();
    await page.getByLabel('Genre').selectOption('export');
    await page
      .getByRole('rowheader', { name: /exportation/ })
      .first()
      .waitFor(); // one for each file
    assert.deepEqual(watched.complaints, []);
  },
);

test('a proof that was changed on its way is called broken', options, async () => {
  await using gateway = await house();
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  await ask(page, 'Une question');
  await page.route('**/proof', async (route) => {
    const reply = await route.fetch();
    await route.fulfill({ response: reply, body: (await reply.text()).replace('allowed', 'Allowed') });
  });
  await page.goto(`${gateway.address}/#/admin/audit/1`);
  await page.getByRole('alert').getByText('La preuve ne se vérifie pas.').waitFor();
});

test(
  'the recommendations of ANSSI: thirty-five, narrowed by their state, each with what shows it',
  options,
  async () => {
    await using gateway = await house();
    await using watched = await openPage(browser, gateway.address, { locale: 'en-GB' });
    const { page } = watched;
    await page.goto(`${gateway.address}/#/admin/anssi`);
    const rows = page.getByRole('table', { name: 'ANSSI' }).getByRole('row');
    await rows.nth(35).waitFor();
    const met = page.getByRole('button', { name: /^\d+ met$/ });
    const count = Number.parseInt((await met.textContent()) ?? '', 10);
    await met.click();
    assert.equal(await rows.count(), count + 1);
    assert.equal(await page.locator('.evidence:not([data-state=met])').count(), 0);
    await page.getByRole('cell').getByRole('link', { name: 'Groups', exact: true }).click();
    await page.getByRole('heading', { name: 'Groups' }).waitFor();
  },
);
