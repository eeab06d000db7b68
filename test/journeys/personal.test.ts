import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { buildPageWhenStale, findChromium, openBrowser } from '../parts/browser.ts';
import { startServe, temporaryHome } from '../parts/command.ts';
import { ask, openPage } from '../parts/page.ts';
import { openOpenAiUpstream, type UpstreamServer } from '../parts/upstream-servers/index.ts';

// The product as it is served, with its own detectors, and a service abroad that may have data only with names replaced.
const chromium = findChromium();
const options = { timeout: 240_000 };
let browser: Browser | undefined;

before(async () => {
  if (!chromium) return;
  buildPageWhenStale();
  browser = await openBrowser(chromium);
});
after(() => browser?.close());

const nir = '1 85 05 78 006 084 91';
const question = `Rédigez un courrier à Mme Claire Fontaine (numéro de sécurité sociale ${nir}) de la part de M. Paul Roy.`;
const hidden = /Claire|Fontaine|Paul|Roy|1 85 05|084 91/;
// As a model writes it, cut where it likes.
const letter = [
  'Chère Mme [[PER',
  'SONNE_1',
  ']], votre numéro [',
  '[NIR_1]] est bien ',
  'noté. Bien à vous, [[Personne 2]]',
];
const restored = `Chère Mme Claire Fontaine, votre numéro ${nir} est bien noté. Bien à vous, Paul Roy`;

interface House extends AsyncDisposable {
  readonly address: string;
  readonly home: string;
  post<T>(path: string, body: unknown): Promise<T>;
  get<T>(path: string): Promise<T>;
}

async function openHouse(): Promise<House> {
  const home = temporaryHome();
  const server = await startServe({ home: home.path });
  return {
    address: server.address,
    home: home.path,
    async post<T>(path: string, body: unknown): Promise<T> {
      const headers = { 'content-type': 'application/json' };
      const reply = await fetch(`${server.address}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      const text = await reply.text();
      assert.ok(reply.ok, text);
      return (reply.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text) as T;
    },
    async get<T>(path: string): Promise<T> {
      const reply = await fetch(`${server.address}${path}`);
      const text = await reply.text();
      assert.ok(reply.ok, text);
      return JSON.parse(text) as T;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      home[Symbol.dispose]();
    },
  };
}

const declare = (house: House, { url }: UpstreamServer) =>
  house.post('/api/upstreams', {
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
    },
    models: [{ name: 'grand', capabilities: ['chat'] }],
  });

const posted = ({ seen }: UpstreamServer): string =>
  seen
    .filter(({ method }) => method === 'POST')
    .map(({ rawBody }) => rawBody.toString())
    .join('\n');

const verifier = resolve(import.meta.dirname, '../../tools/verify-log.mjs');

/** What a stranger says of a receipt or a log, with one file and no network. */
function verify(path: string): void {
  const said = spawnSync(process.execPath, [verifier, path], { encoding: 'utf8' });
  assert.equal(said.status, 0, said.stdout + said.stderr);
}

/** Takes the receipt of an answer, erases its conversation, and looks that the receipt and the log still prove themselves. */
async function proveAndErase(house: House, conversationId: string, messageId: string): Promise<void> {
  const receipt = await house.get<{ facts: object; records: object }>(`/api/messages/${messageId}/receipt`);
  assert.deepEqual((receipt.facts as { placeholders?: unknown }).placeholders, { PERSON: 2, NIR: 1 });
  assert.doesNotMatch(JSON.stringify([receipt.facts, receipt.records]), hidden);
  const kept = join(house.home, 'receipt-that-was-kept.json');
  writeFileSync(kept, JSON.stringify(receipt));
  verify(kept);
  assert.equal((await house.get<{ vaults: number }>('/api/me/held')).vaults, 1);
  const erased = await house.post<{ receipt: object }>(`/api/conversations/${conversationId}/erase`, {});
  assert.ok(erased.receipt);
  assert.equal((await fetch(`${house.address}/api/conversations/${conversationId}`)).status, 404);
  assert.equal((await house.get<{ vaults: number }>('/api/me/held')).vaults, 0);
  verify(kept);
  await house.post('/api/audit/verify', {});
  verify(join(house.home, 'audit'));
}

/** Every file of a folder that holds a text. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && readFileSync(path).includes(text));
}

test(
  'a question with a number and names: placeholders go out, the answer has the names, and they go when it goes',
  options,
  async () => {
    await using abroad = await openOpenAiUpstream({ models: ['grand'], pieces: () => letter });
    await using house = await openHouse();
    await declare(house, abroad);
    const { id } = await house.post<{ id: string }>('/api/conversations', {});
    const body = { kind: 'ask', parentId: null, content: question, model: 'acme/grand' };
    const stream = await house.post<string>(`/api/conversations/${id}/answers`, body);
    assert.match(stream, /"kind":"routed".*"masked":\{"PERSON":2,"NIR":1\}/);
    type Stored = { messages: { id: string; role: string; content: string; provenance?: { masked?: unknown } }[] };
    const { messages } = await house.get<Stored>(`/api/conversations/${id}/messages`);
    assert.equal(messages.at(-1)?.content, restored);
    assert.deepEqual(messages.at(-1)?.provenance?.masked, { PERSON: 2, NIR: 1 });
    assert.doesNotMatch(posted(abroad), hidden);
    assert.match(posted(abroad), /\[\[PERSONNE_1\]\][^"]*\[\[NIR_1\]\][^"]*\[\[PERSONNE_2\]\]/);
    assert.deepEqual(filesWith(house.home, nir), [], 'the number lies on the disk as it is');

    const secret = await fetch(`${house.address}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-intramuros-label': 'SENSIBLE; mentions=PII' },
      body: JSON.stringify({ model: 'acme/grand', messages: [{ role: 'user', content: question }] }),
    });
    assert.equal(secret.status, 403, 'declared as personal data it goes nowhere abroad, masked or not');

    await proveAndErase(house, id, messages.at(-1)?.id ?? '');
  },
);

test('in the browser: the page says that names are replaced, and shows them in the answer alone', {
  ...options,
  skip: chromium ? false : 'no Chromium on this machine',
}, async () => {
  await using abroad = await openOpenAiUpstream({ models: ['grand'], pieces: () => letter });
  await using house = await openHouse();
  await declare(house, abroad);
  await using watched = await openPage(browser as Browser, house.address);
  const { page } = watched;
  await page.locator('.label-may').getByText('Peut aller à : Service américain (noms remplacés)').waitFor();
  await ask(page, question);
  const answer = page.locator('.answer').last();
  await answer.locator('.prose').getByText(restored).waitFor();
  await answer
    .locator('.chip')
    .getByText(/Calculée par Service américain/)
    .waitFor();
  assert.doesNotMatch(posted(abroad), hidden);
  assert.match(posted(abroad), /\[\[PERSONNE_1\]\]/);
  await answer.locator('.chip').click();
  await page.locator('.receipt').getByText('3 noms et identifiants').waitFor();
  assert.deepEqual(watched.complaints, []);
});
