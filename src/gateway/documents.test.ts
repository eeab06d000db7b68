import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { openTestGateway } from '../../test/parts/test-gateway.ts';
import { errorCodes } from '../base/index.ts';
import { describeApi, renderErrorList, renderOpenApi } from './index.ts';

const docs = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const again = 'Run "npm run -s documents" and read the difference before committing it.';

test('docs/openapi.json is what the declarations say', () => {
  assert.ok(renderOpenApi(packageJson.version) === docs('openapi.json'), `The API changed. ${again}`);
});

test('docs/errors.md lists every code with its status, both ways', () => {
  const text = docs('errors.md');
  assert.equal(text, renderErrorList(), again);
  const listed = [...text.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual([...listed].sort(), [...errorCodes].sort());
});

test('the document is the same bytes at every boot, and every reference in it leads somewhere', () => {
  const text = JSON.stringify(describeApi('1').document);
  assert.equal(JSON.stringify(describeApi('1').document), text);
  const names = new Set(Object.keys((describeApi('1').document.components as { schemas: object }).schemas));
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) assert.ok(names.has(name ?? ''), name);
  assert.doesNotMatch(text, /\$defs/);
});

test('every operation has its own id, summaries in both languages, and documents the failures it may meet', () => {
  const { endpoints } = describeApi('1');
  assert.equal(new Set(endpoints.map(({ operationId }) => operationId)).size, endpoints.length);
  for (const { summary, operationId } of endpoints) {
    assert.ok(summary.en !== '' && summary.fr !== '' && summary.en !== summary.fr, operationId);
    assert.doesNotMatch(summary.fr, /'| [;:?!»]|« /, `French typography in ${operationId}`);
  }
});

test('the reference page names every operation in both languages and asks nothing of another origin', async () => {
  const gateway = await openTestGateway();
  try {
    for (const [language, word] of [
      ['fr', 'Sommaire'],
      ['en', 'Contents'],
    ] as const) {
      const reply = await gateway.ask('/docs', { headers: { 'accept-language': language } });
      const text = await reply.text();
      assert.match(text, new RegExp(`<html lang="${language}">[\\s\\S]*${word}`));
      for (const { path } of describeApi('1').endpoints) assert.ok(text.includes(path.replace('+}', '}')), path);
      assert.doesNotMatch(text, /<script|(?:src|href)="(?:https?:)?\/\//);
      assert.match(reply.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    }
  } finally {
    await gateway.close();
  }
});
