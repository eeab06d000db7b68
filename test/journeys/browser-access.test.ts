import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { UpstreamInput } from '../../src/upstreams/index.ts';
import { buildPageWhenStale, findChromium, openBrowser, pageFolder } from '../parts/browser.ts';
import { describeModel } from '../parts/memory-library.ts';
import { ask, numberedWords, openPage, send } from '../parts/page.ts';
import { openTestGateway, type TestGateway } from '../parts/test-gateway.ts';
import { openOpenAiUpstream } from '../parts/upstream-servers/index.ts';

// Covers what a machine can check of accessibility: axe-core's rules, reflow, the size of targets, the outline. Does not
// cover what only a person with a screen reader can: whether the page makes sense by ear.
const chromium = findChromium();
const options = { skip: chromium ? false : 'no Chromium on this machine', timeout: 240_000 };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser: Browser;
let gateway: TestGateway;

before(async () => {
  if (!chromium) return;
  buildPageWhenStale();
  [browser, gateway] = await Promise.all([
    openBrowser(chromium),
    openTestGateway({
      conversations: true,
      pageFolder,
      models: [describeModel('echo', ['chat', 'thinking']), describeModel('parrot', ['chat'])],
      engine: { tokenMs: 10 },
    }),
  ]);
});
after(async () => {
  await browser?.close();
  await gateway?.close();
});

const password = 'la muraille garde le jardin';

/** A service abroad, of which little is known. */
const serviceAt = (url: string): UpstreamInput => ({
  id: 'acme',
  title: 'Acme',
  kind: 'openai',
  urls: [`${url}/v1`],
  destination: { tier: 'saas', country: 'US', extraEuExposure: true },
  models: [{ name: 'grand', capabilities: ['chat'] }],
});

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/**
 * What axe-core finds. In a popover the component library's hidden way out stands beside the dialog, outside every
 * landmark on purpose: the rule about landmarks is not asked there.
 */
async function violations(page: Page, inPopover: boolean): Promise<readonly string[]> {
  // Evaluated by the debugger, so that the page's own policy need not let it in.
  await page.evaluate(axe);
  const found = await page.evaluate(async (landmarks) => {
    const { axe: loaded } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: Violation[] }> };
    };
    return (await loaded.run({ rules: { region: { enabled: landmarks } } })).violations;
  }, !inPopover);
  return found.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`),
  );
}

const rich =
  '<think>Un instant.</think># Titre\n\n## Sous-titre\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- un\n- deux\n\nVoir [ici](https://outside.example/), `code` et \\(x^2\\).\n\n```js\nconst a = 1; // note\n```\n\n> cité';

for (const locale of ['fr-FR', 'en-GB'] as const) {
  for (const theme of ['light', 'dark'] as const) {
    test(`axe finds nothing in any state: ${locale}, ${theme}`, options, async () => {
      await using watched = await openPage(browser, gateway.address, { locale, theme });
      const { page } = watched;
      const fr = locale === 'fr-FR';
      const check = async (state: string) =>
        assert.deepEqual(await violations(page, state === 'the model picker'), [], `${state}, ${locale}, ${theme}`);
      await page.locator('.suggestion').first().waitFor();
      await check('first use');
      await ask(page, rich);
      await page.locator('.code pre span span').first().waitFor();
      await page.locator('.thinking-head').click();
      await page.locator('.answer .link').click();
      await check('an answer with thinking, table, code, mathematics and an open link');
      await page.locator('.answer .chip').click();
      await page.locator('.receipt').waitFor();
      await check('the receipt');
      await send(page, numberedWords(300));
      await page.locator('.answer[aria-busy=true]').getByText('mot3').waitFor();
      await check('while an answer is being written');
      await page.keyboard.press('Escape');
      await page.locator('.end-note').waitFor();
      await check('a stopped answer');
      await page.locator('.question [data-act=edit]').last().click();
      await check('editing');
      await page.keyboard.press('Escape');
      await page.locator('.picker').click();
      await page.locator('.picker-item').first().waitFor();
      await check('the model picker');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+,');
      await page.getByRole('dialog', { name: fr ? 'Réglages' : 'Settings' }).waitFor();
      await check('settings');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: fr ? 'Raccourcis clavier' : 'Keyboard shortcuts' }).click();
      await page.getByRole('dialog').waitFor();
      await check('help');
      await page.keyboard.press('Escape');
      await page.goto(`${gateway.address}/#/models`);
      await page.locator('.card').first().waitFor();
      await check('models');
      await page.goto(`${gateway.address}/#/c/con_none`);
      await page.locator('.problem').waitFor();
      await check('a conversation that is not there');
      assert.deepEqual(
        watched.complaints.filter((text) => !/404/.test(text)),
        [],
      );
    });
  }
}

const places = ['people', 'people/new', 'groups/new', 'roles', 'roles/new', 'keys', 'quotas/new', 'upstreams'];
const more = ['upstreams/acme', 'policy', 'decisions', 'audit', 'audit/0', 'egress', 'usage', 'article-30', 'anssi'];

for (const [locale, theme, width] of [
  ['fr-FR', 'light', 1280],
  ['en-GB', 'dark', 1280],
  ['en-GB', 'light', 390],
] as const) {
  test(
    `axe finds nothing in labels, accounts and administration: ${locale}, ${theme}, ${width} px`,
    options,
    async () => {
      await using abroad = await openOpenAiUpstream({ models: ['grand'] });
      const models = [describeModel('echo', ['chat'])];
      const serves = [serviceAt(abroad.url)];
      await using house = await openTestGateway({ pageFolder, models, serves, accounts: password });
      await using watched = await openPage(browser, house.address, {
        locale,
        theme,
        width,
        height: 800,
        ready: '.door',
      });
      const { page } = watched;
      const check = async (state: string) => {
        assert.deepEqual(await violations(page, /^(label|picker)$/.test(state)), [], `${state}, ${locale}, ${theme}`);
        const wide = await page.evaluate(() => {
          const { document, innerWidth } = globalThis as unknown as {
            innerWidth: number;
            document: { documentElement: { scrollWidth: number } };
          };
          return document.documentElement.scrollWidth - innerWidth;
        });
        assert.equal(wide, 0, `${state} scrolls sideways`);
      };
      await page.locator('.sign-in').waitFor();
      await check('the door');
      await page.locator('#sign-name').fill('alice');
      await page.locator('#sign-password').fill('no such words');
      await page.locator('.sign-in .button-strong').click();
      await page.locator('.problem').waitFor();
      await check('a sign-in that failed');
      await page.locator('#sign-password').fill(password);
      await page.locator('.sign-in .button-strong').click();
      await page.locator('.label-button').click();
      await page.locator('.level-option[data-level=SP] input').check();
      await page.locator('.label-raised').waitFor();
      await check('label');
      await page.keyboard.press('Escape');
      await page.locator('.picker').click();
      await page.locator('.picker-denied').waitFor();
      await check('picker');
      await page.keyboard.press('Escape');
      await page.goto(`${house.address}/#/account`);
      await page.locator('[aria-labelledby=my-keys] .section-head button').click();
      await check('my account');
      for (const place of [...places, ...more]) {
        await page.goto(`${house.address}/#/admin/${place}`);
        await page.locator('.admin-column h2').first().waitFor();
        await page.locator('.waiting').first().waitFor({ state: 'detached' });
        await check(place);
      }
      await watched.context.clearCookies();
      await page.goto(`${house.address}/#/admin/people`);
      await page.getByRole('dialog').waitFor();
      await check('a session that ended');
    },
  );
}

test('at 320 pixels nothing scrolls sideways, and targets are at least 24 pixels', options, async () => {
  await using watched = await openPage(browser, gateway.address, { width: 320, height: 640 });
  const { page } = watched;
  await ask(page, `${rich}\n\n${'motsansespace'.repeat(40)}`);
  await page.locator('.code pre span span').first().waitFor();
  const measured = await page.evaluate(() => {
    const { document, innerWidth } = globalThis as unknown as {
      innerWidth: number;
      document: {
        documentElement: { scrollWidth: number };
        querySelectorAll(selector: string): Iterable<{
          getBoundingClientRect(): { width: number; height: number; right: number };
          outerHTML: string;
        }>;
      };
    };
    const small = [];
    for (const target of document.querySelectorAll('button, a, input, textarea, summary')) {
      const { width, height } = target.getBoundingClientRect();
      const inText = /class="link"/.test(target.outerHTML); // links in a sentence are exempt (WCAG 2.5.8)
      if (width > 1 && !inText && (width < 24 || height < 24)) small.push(target.outerHTML.slice(0, 120));
    }
    const wide = [];
    for (const part of document.querySelectorAll('.message, .composer, .head'))
      if (part.getBoundingClientRect().right > innerWidth + 1) wide.push(part.outerHTML.slice(0, 120));
    return { small, wide, overflow: document.documentElement.scrollWidth - innerWidth };
  });
  assert.deepEqual(measured, { small: [], wide: [], overflow: 0 });
});

test('the outline is right: one h1, messages below it, an answer’s own headings below those', options, async () => {
  await using watched = await openPage(browser, gateway.address);
  await ask(watched.page, rich);
  const levels = await watched.page
    .locator('main :is(h1, h2, h3, h4, h5, h6)')
    .evaluateAll((headings) => headings.map((heading) => (heading as unknown as { tagName: string }).tagName));
  assert.deepEqual(levels, ['H1', 'H2', 'H2', 'H3', 'H4']);
  assert.equal(await watched.page.getByRole('log').getAttribute('aria-live'), 'off');
  assert.equal(await watched.page.getByRole('status').count(), 1);
});

test('a conversation of 1,000 messages opens, scrolls and streams', options, async () => {
  await using watched = await openPage(browser, gateway.address);
  const { page } = watched;
  await ask(page, 'avec **du gras**');
  // A long past before the real messages: the server's own answer, with 998 messages put in front on their way.
  await page.route('**/messages', async (route) => {
    const reply = await route.fetch();
    const body = (await reply.json()) as { messages: Record<string, unknown>[] };
    const [first, ...rest] = body.messages;
    const past = Array.from({ length: 998 }, (_, at) => ({
      ...first,
      id: `past${at}`,
      ...(at === 0 ? {} : { parentId: `past${at - 1}` }),
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: at % 2 === 0 ? `question ${at}` : `réponse ${at}, avec **du gras**\n\n\`\`\`js\nlet a = ${at};\n\`\`\``,
    }));
    await route.fulfill({
      response: reply,
      json: { ...body, messages: [...past, { ...first, parentId: 'past997' }, ...rest] },
    });
  });
  await page.reload();
  await page.locator('.answer .prose strong').last().waitFor();
  assert.equal(await page.locator('.message').count(), 1000);
  const rendered = await page.locator('.answer .prose strong').count();
  assert.ok(rendered < 200, `${rendered} answers are rendered as Markdown; only those near the view should be`);
  await ask(page, numberedWords(40));
  const atEnd = await page.locator('.scroller').evaluate((element) => {
    const { scrollHeight, scrollTop, clientHeight } = element as unknown as Record<string, number>;
    return (scrollHeight ?? 0) - (scrollTop ?? 0) - (clientHeight ?? 0);
  });
  assert.ok(atEnd < 80, `${atEnd} px from the end`);
});
