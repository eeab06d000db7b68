import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { buildPageWhenStale, findChromium, openBrowser, pageFolder } from '../parts/browser.ts';
import { describeModel } from '../parts/memory-library.ts';
import { ask, numberedWords, openPage, send } from '../parts/page.ts';
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../parts/test-gateway.ts';

// The page as it is built, in a real browser, on the real gateway, answer path and database; the model echoes.
// What the real model changes is in the journeys of the server.
const chromium = findChromium();
const options = { skip: chromium ? false : 'no Chromium on this machine', timeout: 180_000 };
let browser: Browser;
/** For journeys that change nothing but their own conversation. */
let shared: TestGateway;

before(async () => {
  if (!chromium) return;
  buildPageWhenStale();
  [browser, shared] = await Promise.all([openBrowser(chromium), house({ engine: { tokenMs: 10 } })]);
});
after(async () => {
  await browser?.close();
  await shared?.close();
});

function house(more: TestGatewayOptions = {}): Promise<TestGateway> {
  const models = [describeModel('echo', ['chat']), describeModel('parrot', ['chat'])];
  return openTestGateway({ conversations: true, pageFolder, models, ...more });
}

test('an answer streams in, says where it was computed, and nothing reaches another origin', options, async () => {
  const gateway = shared;
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  const text = [
    '# Titre\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nSoit \\(x^2\\).\n\n```python\nprint(1)\n```\n',
    '\n![suivi](https://outside.example/pixel.png) <img src="https://outside.example/raw.png"> <script>alert(1)</script>',
    '\n[un lien](https://outside.example/lien)',
  ].join('');
  await ask(page, text);
  const answer = page.locator('.answer').last();
  await answer.locator('.katex').first().waitFor();
  await answer.locator('.code pre span span').first().waitFor();
  assert.equal(await answer.locator('h3').textContent(), 'Titre');
  assert.equal(await answer.locator('td').count(), 2);
  assert.equal(await answer.locator('img, script, a[href]').count(), 0);
  assert.match((await answer.textContent()) ?? '', /<script>alert\(1\)<\/script>/);
  assert.match((await answer.locator('.chip').textContent()) ?? '', /Calculée sur cette machine · 0 octet sorti/);
  await answer.getByRole('button', { name: 'un lien' }).click();
  assert.equal(await answer.locator('.link-ask a').getAttribute('href'), 'https://outside.example/lien');
  await answer.locator('.chip').click();
  await page.locator('.receipt').getByText('Enregistrement de la question').waitFor();
  assert.match((await page.locator('.receipt').textContent()) ?? '', /Identifiant\s*echo/);
  const outside = watched.requests.filter((url) => !url.startsWith(gateway.address) && !url.startsWith('blob:'));
  assert.deepEqual(outside, []);
  assert.deepEqual(watched.complaints, []);
});

test('a long answer is announced when it starts and when it ends, and at no token between', options, async () => {
  await using gateway = await house();
  await using watched = await openPage(browser, gateway.address);
  await ask(watched.page, numberedWords(500));
  await watched.page.waitForFunction(() =>
    (globalThis as unknown as { announced: string[] }).announced.some((text) => text.includes('terminée')),
  );
  assert.deepEqual(await watched.announcements(), ['Réponse en cours', 'Réponse terminée, 500 mots']);
});

test('Escape stops the engine, keeps the text so far, and the answer can be continued', options, async () => {
  await using gateway = await house({ engine: { tokenMs: 15 } });
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  await send(page, numberedWords(400));
  await page.locator('.answer').getByText('mot5').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Arrêtée à votre demande.').waitFor();
  const cancelled = gateway.engine.list().reduce((sum, model) => sum + model.counters.cancelled, 0);
  assert.equal(cancelled, 1);
  const kept = await page.locator('.answer .prose').textContent();
  assert.match(kept ?? '', /^mot0 mot1 mot2/);
  assert.doesNotMatch(kept ?? '', /mot399/);
  await page.reload();
  await page.getByText('Arrêtée à votre demande.').waitFor();
  assert.equal(await page.locator('.answer .prose').textContent(), kept);
  await page.getByRole('button', { name: 'Continuer' }).click();
  await page.locator('.answer[aria-busy=true]').waitFor();
  await page.locator('.answer .acts').waitFor();
  const grown = (await page.locator('.answer .prose').textContent()) ?? '';
  assert.ok(grown.startsWith(kept ?? '?') && grown.length > (kept ?? '').length, grown);
});

test('a reload in mid-answer goes on where it was: no word lost, none doubled', options, async () => {
  const gateway = shared;
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  const words = numberedWords(200);
  await send(page, words);
  await page.locator('.answer').getByText('mot20').waitFor();
  await page.reload();
  await page.locator('.answer').getByText('mot20').waitFor();
  assert.equal(await page.locator('.answer').getAttribute('aria-busy'), 'true');
  await page.locator('.answer .chip').waitFor();
  assert.equal(await page.locator('.answer .prose').textContent(), words);
  assert.equal(await page.locator('.question').count(), 1);
});

test('a connection that breaks in mid-answer is taken up again by itself', options, async () => {
  const gateway = shared;
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  const words = numberedWords(150);
  await page.evaluate(() => {
    // Cuts the first stream after some bytes, as a proxy that restarts would.
    const host = globalThis as unknown as { fetch: typeof fetch };
    const real = host.fetch.bind(globalThis);
    let cut = false;
    host.fetch = async (input, init) => {
      const reply = await real(input, init);
      if (cut || !String(input).includes('/answers') || !reply.body) return reply;
      cut = true;
      let chunks = 0;
      const broken = reply.body.pipeThrough(
        new TransformStream({
          transform(chunk, controller) {
            chunks += 1;
            if (chunks > 30) controller.error(new TypeError('network error'));
            else controller.enqueue(chunk);
          },
        }),
      );
      return new Response(broken, { status: reply.status, headers: reply.headers });
    };
  });
  await ask(page, words);
  assert.equal(await page.locator('.answer .prose').textContent(), words);
  assert.ok(watched.requests.some((url) => /\/api\/runs\/[^/]+\/events\?from=[1-9]/.test(url)));
});

test('editing a question and answering again make versions that can be paged through', options, async () => {
  const gateway = shared;
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  await ask(page, 'première formulation');
  await page.getByRole('button', { name: 'Répondre à nouveau' }).click();
  await page.locator('.answer').getByText('2/2').waitFor();
  await page.locator('.composer textarea').focus();
  await page.keyboard.press('ArrowUp');
  await page.getByLabel('Votre question, à modifier').fill('seconde formulation');
  await page.keyboard.press('Enter');
  await page.locator('.answer').getByText('seconde formulation').waitFor();
  await page.locator('.answer .chip').waitFor();
  await page.locator('.question').getByRole('button', { name: 'Version précédente' }).click();
  await page.locator('.answer').getByText('première formulation').waitFor();
  assert.equal(await page.locator('.answer .branches .mono').textContent(), 'Version 2 sur 22/2');
  await page.reload();
  await page.locator('.answer').getByText('première formulation').waitFor();
});

test('the whole of a conversation by keyboard alone', options, async () => {
  const gateway = shared;
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  const focusedIn = (selector: string) =>
    page.waitForFunction((wanted) => {
      const { document } = globalThis as unknown as {
        document: { activeElement: { closest(s: string): unknown } | null };
      };
      return Boolean(document.activeElement?.closest(wanted));
    }, selector);
  await page.keyboard.press('Shift+Escape');
  await focusedIn('.composer');
  await page.keyboard.type('bonjour');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('à tous');
  await page.keyboard.press('Enter');
  await page.locator('.answer .chip').waitFor();
  assert.equal(await page.locator('.question-text').textContent(), 'bonjour\nà tous');
  await focusedIn('.composer');
  await page.keyboard.press('Alt+ArrowUp');
  await focusedIn('.answer');
  await page.keyboard.press('Alt+ArrowUp');
  await focusedIn('.question');
  await page.keyboard.press('Control+k');
  await focusedIn('.search');
  await page.keyboard.type('bonjour');
  await page.locator('.row-snippet').waitFor();
  await page.keyboard.press('F1');
  await page.getByRole('dialog', { name: 'Raccourcis clavier' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Shift+Escape');
  await page.keyboard.press('Control+Shift+M');
  await page.getByRole('searchbox', { name: 'Rechercher un modèle' }).fill('parr');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Modèle : parrot' }).waitFor();
  await page.keyboard.press('Control+Shift+O');
  await page.locator('.welcome').waitFor();
  await focusedIn('.composer');
  assert.deepEqual(watched.complaints, []);
});

test('conversations are found, renamed, exported and deleted from the list', options, async () => {
  await using gateway = await house();
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  await ask(page, 'le château de sable');
  await page.getByRole('link', { name: 'Nouvelle conversation' }).click();
  await ask(page, 'la recette du pain');
  await page.getByRole('searchbox').fill('chateau');
  await page.locator('.row').getByText('château de sable').first().waitFor();
  await page.waitForFunction(() => {
    const { document } = globalThis as unknown as { document: { querySelectorAll(s: string): { length: number } } };
    return document.querySelectorAll('.side-list .row').length === 1;
  });
  await page.getByRole('searchbox').fill('');
  await page.locator('.row').nth(1).waitFor();
  await page.getByRole('button', { name: 'Actions pour « la recette du pain »' }).click();
  await page.getByRole('menuitem', { name: 'Renommer' }).click();
  await page.getByLabel('Titre de la conversation').fill('Pain');
  await page.keyboard.press('Enter');
  await page.locator('h1').getByText('Pain').waitFor();
  for (const [name, expected] of [
    ['Exporter en Markdown', /la recette du pain/],
    ['Exporter en JSON', /"la recette du pain"/],
  ] as const) {
    await page.getByRole('button', { name: 'Actions pour « Pain »' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name }).click()]);
    assert.match(await readFile(await download.path(), 'utf8'), expected);
  }
  await page.getByRole('button', { name: 'Actions pour « Pain »' }).click();
  await page.getByRole('menuitem', { name: 'Supprimer' }).click();
  await page.locator('.row-form').getByRole('button', { name: 'Supprimer' }).click();
  await page.locator('.welcome').waitFor();
  const { conversations } = (await (await gateway.ask('/api/conversations')).json()) as { conversations: unknown[] };
  assert.equal(conversations.length, 1);
});

test('waiting is in words: a model that loads, people ahead, then thinking with its time', options, async () => {
  await using gateway = await house({ engine: { loadPhaseMs: 400, parallel: 1, tokenMs: 20 } });
  await using first = await openPage(browser, gateway.address);
  await using second = await openPage(browser, gateway.address, { locale: 'en-GB' });
  await send(first.page, `<think>${numberedWords(70)}</think>${numberedWords(60)}`);
  await first.page
    .getByText(/Démarrage du modèle|Chargement du modèle, \d+/)
    .first()
    .waitFor();
  await first.page.getByText(/Réflexion en cours, \d+/).waitFor();
  await send(second.page, 'hello');
  await second.page.getByText(/You are next|ahead of you/).waitFor();
  await first.page.getByText(/Réflexion de \d+\ss/).waitFor();
  await second.page.locator('.answer .chip').waitFor();
});

test('a failure says what happened and what to do, and trying again works', options, async () => {
  await using gateway = await house({ engine: { tokenMs: 15 } });
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  await send(page, numberedWords(300));
  await page.locator('.answer').getByText('mot5').waitFor();
  gateway.engine.crash('echo');
  const alert = page.getByRole('alert');
  await alert.getByText('Le modèle s’est arrêté en pleine réponse.').waitFor();
  await alert.getByText(/redemandez/).waitFor();
  await page.getByRole('button', { name: 'Réessayer' }).click();
  await page.locator('.answer').getByText('mot8').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Arrêtée à votre demande.').waitFor();
});

test('a server that is gone is said, and the question is not lost', options, async () => {
  const gateway = await house();
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  await page.locator('.suggestion').first().waitFor();
  await gateway.close();
  await send(page, 'ma question');
  await page.getByRole('alert').getByText('Le serveur ne répond pas.').waitFor();
  assert.equal(await page.locator('.composer textarea').inputValue(), 'ma question');
});

test('the language, the theme and the size follow the person, also after a reload', options, async () => {
  const gateway = shared;
  await using watched = await openPage(browser, gateway.address, { locale: 'en-GB' });
  const { page } = watched;
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('radio', { name: 'Français' }).check({ force: true });
  await page.getByRole('radio', { name: 'Sombre' }).check({ force: true });
  await page.getByRole('radio', { name: 'Très grande' }).check({ force: true });
  await page.keyboard.press('Escape');
  await page.reload();
  await page.getByRole('button', { name: 'Réglages' }).waitFor();
  const root = page.locator('html');
  assert.equal(await root.getAttribute('lang'), 'fr');
  assert.equal(await root.getAttribute('data-theme'), 'dark');
  assert.equal(await root.getAttribute('data-text'), 'larger');
});
