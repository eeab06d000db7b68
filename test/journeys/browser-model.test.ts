import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPageWhenStale, findChromium, openBrowser } from '../parts/browser.ts';
import { runCommand, startServe, temporaryHome } from '../parts/command.ts';
import { openPage, send } from '../parts/page.ts';
import { starterModelFile } from '../parts/starter-model.ts';

const chromium = findChromium();
const options = { skip: chromium ? false : 'no Chromium on this machine', timeout: 240_000 };

test('in a real browser the installed model answers, is stopped, and the receipt names it', options, async () => {
  buildPageWhenStale();
  using home = temporaryHome();
  const pulled = await runCommand(['pull', await starterModelFile()], { home: home.path });
  assert.equal(pulled.code, 0, pulled.stderr);
  await using server = await startServe({ home: home.path, args: ['--offline'] });
  const browser = await openBrowser(chromium ?? '');
  try {
    await using watched = await openPage(browser, server.address, { locale: 'en-GB' });
    const { page } = watched;
    // A small model answers a riddle in three words, and a wish for a story at length.
    await send(page, 'Write a long story about a fox who crosses a forest in winter.');
    await page.waitForFunction(
      () => {
        const { document } = globalThis as unknown as {
          document: { querySelector(selector: string): { textContent: string } | null };
        };
        return (document.querySelector('.answer .prose')?.textContent.length ?? 0) > 20;
      },
      undefined,
      { timeout: 120_000 },
    );
    await page.keyboard.press('Escape');
    await page.locator('.answer .acts').waitFor();
    await page.locator('.answer .chip').click();
    const receipt = (await page.locator('.receipt').textContent()) ?? '';
    assert.match(receipt, /Computed on this machine0 bytes left/);
    assert.match(receipt, /Identifiersmollm2/);
    assert.match(receipt, /QuantisationQ4_1/);
    const { models } = (await (await fetch(`${server.address}/api/models`)).json()) as {
      models: { runtime: { activeRequests: number } | null }[];
    };
    assert.equal(models[0]?.runtime?.activeRequests, 0);
    assert.deepEqual(
      watched.requests.filter((url) => !url.startsWith(server.address)),
      [],
    );
    assert.deepEqual(watched.complaints, []);
  } finally {
    await browser.close();
  }
});
