import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { internalLabel } from '../src/policy/index.ts';
import { buildPageWhenStale, findChromium, openBrowser, pageFolder } from '../test/parts/browser.ts';
import { runCommand, startServe, temporaryHome } from '../test/parts/command.ts';
import { describeModel } from '../test/parts/memory-library.ts';
import { ask, numberedWords, openPage, send } from '../test/parts/page.ts';
import { starterModelFile } from '../test/parts/starter-model.ts';
import { openTestGateway, type TestGateway } from '../test/parts/test-gateway.ts';
import { houseStates, houseStatesToo, openSampleHouse } from './parts/house-states.ts';
import { sampleAnswer, sampleQuestion } from './parts/sample-answer.ts';

// Takes docs/screenshots/*.png: every page and state. Answers with a badge were computed by the starter model on a real
// server in a temporary home. States that a small model cannot be asked for (queue, thinking, crash) are taken on the
// same gateway and page over the echo engine, and the sample of typography is a stored text without a badge.

const folder = resolve(import.meta.dirname, '../docs/screenshots');

interface Look {
  readonly locale: 'fr-FR' | 'en-GB';
  readonly theme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}
const looks: readonly Look[] = (['fr-FR', 'en-GB'] as const).flatMap((locale) =>
  (['light', 'dark'] as const).flatMap((theme) => [
    { locale, theme, width: 1280, height: 860 },
    { locale, theme, width: 390, height: 780 },
  ]),
);
/** Two looks show a state that is no main one: French by day and wide, English by night on a phone. */
const few = looks.filter(({ locale, theme, width }) =>
  locale === 'fr-FR' ? theme === 'light' && width > 600 : theme === 'dark' && width < 600,
);
const nameOf = (state: string, { locale, theme, width }: Look): string =>
  `${state}-${locale.slice(0, 2)}-${theme}-${width > 600 ? 'wide' : 'phone'}.png`;

type State = readonly [name: string, reach: (page: Page, look: Look) => Promise<void>];

async function houseServer(browser: Browser): Promise<void> {
  await using house = await openSampleHouse();
  await take(browser, house.address, looks, houseStates(house), '.door');
  await take(browser, house.address, few, houseStatesToo(house), '.door');
}

async function take(
  browser: Browser,
  address: string,
  shown: readonly Look[],
  states: readonly State[],
  ready?: string,
): Promise<void> {
  for (const look of shown) {
    for (const [name, reach] of states) {
      await using watched = await openPage(browser, address, { ...look, ...(ready ? { ready } : {}) });
      const { page } = watched;
      await reach(page, look);
      await page.evaluate(
        () => (globalThis as unknown as { document: { fonts: { ready: Promise<void> } } }).document.fonts.ready,
      );
      await page.screenshot({ path: join(folder, nameOf(name, look)), animations: 'disabled', caret: 'hide' });
      process.stdout.write(`${nameOf(name, look)}\n`);
    }
  }
}

const french = ({ locale }: Look): boolean => locale === 'fr-FR';
const question = (look: Look): string =>
  french(look) ? 'Quelle est la capitale de la France ?' : 'What is the capital of France?';

/** Asks the starter model, which sometimes never ends: then it is stopped, and asked again in a new conversation. */
async function askForAnEnd(page: Page, text: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(page, text, 60_000);
    } catch (error) {
      if (attempt === 4) throw error;
      await page.keyboard.press('Escape');
      await page.locator('.end-note').waitFor();
      await page.keyboard.press('Control+Shift+O');
      await page.locator('.suggestion').first().waitFor();
    }
  }
}
const longQuestion = (look: Look): string =>
  french(look)
    ? 'Résumez ce contrat. Le bailleur loue un local de cent mètres carrés pour neuf ans ; le preneur s’engage à payer le loyer chaque trimestre, à entretenir les lieux et à les assurer. Le loyer suit l’indice chaque année. Le preneur peut partir tous les trois ans, avec un préavis de six mois.'
    : 'Sum up this contract. The landlord lets premises of one hundred square metres for nine years; the tenant binds himself to pay the rent each quarter, to keep the place in order and to insure it. The rent follows the index each year. The tenant may leave every three years, with six months of notice.';

const onRealModel: readonly State[] = [
  ['first-use', (page) => page.locator('.suggestion').first().waitFor()],
  ['answer', (page, look) => askForAnEnd(page, question(look))],
  [
    'models',
    async (page) => {
      await page.goto(`${new URL(page.url()).origin}/#/models`);
      await page.locator('.catalogue tbody tr').first().waitFor();
    },
  ],
];

const onRealModelToo: readonly State[] = [
  [
    'receipt',
    async (page, look) => {
      await askForAnEnd(page, question(look));
      await page.locator('.answer .chip').click();
      await page.locator('.receipt section').nth(3).waitFor();
    },
  ],
  [
    'picker',
    async (page) => {
      await page.locator('.suggestion').first().waitFor();
      await page.locator('.picker').click();
      await page.locator('.picker-item').first().waitFor();
    },
  ],
  ['settings', (page) => openDialog(page, 'Control+,')],
  ['help', (page, look) => openDialog(page, french(look) ? 'F1' : 'Control+/')],
  [
    'list',
    async (page) => {
      if (await page.locator('.side-list').isVisible()) return;
      await page.locator('.head .icon-button').click();
      await page.locator('.row').first().waitFor();
    },
  ],
];

async function openDialog(page: Page, key: string): Promise<void> {
  await page.locator('.suggestion').first().waitFor();
  await page.keyboard.press(key);
  await page.getByRole('dialog').waitFor();
}

const onEcho = (gateway: TestGateway, ids: { sample: string; long: string }): readonly State[] => [
  [
    'thinking',
    async (page, look) => {
      const thought = french(look) ? 'La personne demande une règle simple. ' : 'The person asks for a simple rule. ';
      await send(page, `<think>${thought.repeat(14)}</think> ${question(look)}`);
      await page.locator('.thinking-head').waitFor();
      await page.locator('.thinking-head').click();
      await page.locator('.thinking-text').getByText(thought.trim()).first().waitFor();
    },
  ],
  [
    'waiting',
    async (page, look) => {
      const other = await gateway.ask('/v1/chat/completions', {
        body: { model: 'echo', stream: true, messages: [{ role: 'user', content: numberedWords(400) }] },
      });
      await send(page, question(look));
      await page
        .locator('.answer .waiting')
        .getByText(/suivante|tour|next|ahead|avant/)
        .waitFor();
      setTimeout(() => void other.body?.cancel(), 2500);
    },
  ],
  [
    'error',
    async (page, look) => {
      await page.locator('.suggestion').first().waitFor();
      await send(page, longQuestion(look));
      await page
        .locator('.answer')
        .getByText(/engage|binds/)
        .waitFor();
      gateway.engine.crash('echo');
      await page.locator('.answer .problem').waitFor();
    },
  ],
  [
    'very-long',
    async (page) => {
      await page.goto(`${gateway.address}/#/c/${ids.long}`);
      await page.locator('.answer .prose strong').last().waitFor();
    },
  ],
];

async function storeSample(gateway: TestGateway, locale: Look['locale']): Promise<string> {
  const conversations = gateway.rooms.conversations.of('local');
  const { id } = await conversations.create({});
  const content = sampleQuestion[locale];
  const begun = await conversations.begin(
    { kind: 'ask', conversationId: id, parentId: undefined, content },
    { runId: `run_${locale}`, model: 'echo', mark: { label: internalLabel, sources: [] } },
  );
  const answer = sampleAnswer[locale];
  await conversations.finish(begun.messageId, { content: answer, status: 'complete', endedBy: 'stop' });
  return id;
}

async function storeLong(gateway: TestGateway): Promise<string> {
  const conversations = gateway.rooms.conversations.of('local');
  const { id } = await conversations.create({
    title: 'Une conversation de mille messages, au titre long '.repeat(4).slice(0, 190),
  });
  let parentId: string | undefined;
  for (let at = 1; at <= 500; at += 1) {
    const begun = await conversations.begin(
      { kind: 'ask', conversationId: id, parentId, content: `Question ${at}` },
      { runId: `run_${at}`, model: 'echo', mark: { label: internalLabel, sources: [] } },
    );
    parentId = begun.messageId;
    const columns = Array.from({ length: 40 }, (_, column) => `c${column + 1}`);
    const table = `| ${columns.join(' | ')} |\n|${columns.map(() => '---').join('|')}|\n| ${columns.join(' | ')} |`;
    const content = `Réponse **${at}**.\n\n${at === 500 ? table : ''}`;
    await conversations.finish(begun.messageId, { content, status: 'complete', endedBy: 'stop' });
  }
  return id;
}

async function realServer(browser: Browser): Promise<void> {
  using home = temporaryHome();
  {
    await using empty = await startServe({ home: home.path, args: ['--offline'] });
    await take(browser, empty.address, few, [['no-model', (page) => page.locator('.setup a').waitFor()]]);
  }
  // Under a name that is nobody's: the models page shows where a file came from.
  const file = join(tmpdir(), 'smollm2-135m-instruct-q4_1.gguf');
  copyFileSync(await starterModelFile(), file);
  const pulled = await runCommand(['pull', file], { home: home.path });
  if (pulled.code !== 0) throw new Error(pulled.stderr);
  await using server = await startServe({ home: home.path, args: ['--offline'] });
  await take(browser, server.address, looks, onRealModel);
  await take(browser, server.address, few, onRealModelToo);
}

async function echoServer(browser: Browser): Promise<void> {
  await using gateway = await openTestGateway({
    conversations: true,
    pageFolder,
    models: [{ ...describeModel('echo', ['chat', 'thinking']), title: 'Echo' }],
    engine: { tokenMs: 25, parallel: 1 },
  });
  const ids = { sample: '', long: await storeLong(gateway) };
  for (const look of looks) {
    const id = await storeSample(gateway, look.locale);
    const open = async (page: Page): Promise<void> => {
      await page.goto(`${gateway.address}/#/c/${id}`);
      await page.locator('.code pre span span').first().waitFor();
      await page.locator('.katex').first().waitFor();
    };
    await take(browser, gateway.address, [look], [['typography', open]]);
    await gateway.rooms.conversations.of('local').remove(id);
  }
  await take(browser, gateway.address, few, onEcho(gateway, ids));
}

const chromium = findChromium();
if (!chromium) throw new Error('No Chromium on this machine. Install one, or name it in CHROMIUM_BIN.');
if (process.argv[2] === undefined) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
buildPageWhenStale();
const browser = await openBrowser(chromium);
try {
  // An argument takes one part alone: `echo`, `model` or `house`.
  const parts = { echo: echoServer, model: realServer, house: houseServer };
  for (const [name, part] of Object.entries(parts))
    if (process.argv[2] === undefined || process.argv[2] === name) await part(browser);
} finally {
  await browser.close();
}
const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
process.stdout.write(`${readdirSync(folder).length} pictures, ${(bytes / 1e6).toFixed(1)} MB\n`);
