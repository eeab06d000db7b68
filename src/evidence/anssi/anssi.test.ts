import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { embeddedPlace } from '../../../test/parts/places.ts';
import { settingsSchema } from '../../base/index.ts';
import { anssiEvidence, anssiRows } from './anssi.ts';
import type { LiveFacts } from './row.ts';

const root = join(import.meta.dirname, '..', '..', '..');
/** The parts of administration as the page names them. */
const pages = readFileSync(join(root, 'web/src/ui/route.ts'), 'utf8').match(/adminSections = \[([^\]]*)\]/)?.[1] ?? '';
const settings = new Map(Object.keys(settingsSchema.shape).map((name) => [name, name === 'host' ? '127.0.0.1' : 'x']));
const live: LiveFacts = { settings, destinations: [embeddedPlace], accounts: true };

test('there is one row for each of R1 to R35, in order, complete in both languages', () => {
  assert.deepEqual(
    anssiRows.map(({ id }) => id),
    Array.from({ length: 35 }, (_, at) => `R${at + 1}`),
  );
  for (const { id, title, words, by } of anssiRows) {
    for (const text of [title.fr, title.en, words.fr, words.en]) assert.ok(text.trim().length > 10, id);
    assert.notEqual(title.fr, title.en, id);
    assert.notEqual(words.fr, words.en, id);
    assert.ok(by.length > 0, `${id} says nothing that shows it`);
    assert.doesNotMatch(
      words.fr + title.fr,
      / [;:?!»]|« |'/,
      `${id}: French spaces do not break, apostrophes are curved`,
    );
  }
});

test('every test, document, setting and page that a row names is there', () => {
  for (const { id, by } of anssiEvidence(live, 0).rows) {
    for (const { kind, ref, value } of by) {
      const there =
        kind === 'setting'
          ? value !== undefined
          : kind === 'page'
            ? pages.includes(`'${/^#\/admin\/([a-z0-9-]+)$/.exec(ref)?.[1]}'`)
            : existsSync(join(root, ref));
      assert.ok(there, `${id} names ${kind} "${ref}", which is not there`);
      if (kind === 'test') assert.match(ref, /\.test\.ts$/, id);
    }
  }
});

test('a row that claims to be met names a test, and rows follow the installation', () => {
  const evidence = anssiEvidence(live, 0);
  for (const { id, state, by } of evidence.rows) {
    if (state === 'met')
      assert.ok(
        by.some(({ kind }) => kind === 'test' || kind === 'setting' || kind === 'page'),
        id,
      );
  }
  assert.equal(evidence.counts.met + evidence.counts.partly + evidence.counts.not + evidence.counts.organisation, 35);
  const cloud = { ...embeddedPlace, id: 'cloud', tier: 'saas' as const, secnumcloud: undefined };
  const stateOf = (id: string, facts: LiveFacts) => anssiEvidence(facts, 0).rows.find((row) => row.id === id)?.state;
  assert.equal(stateOf('R34', live), 'met');
  assert.equal(stateOf('R34', { ...live, destinations: [embeddedPlace, cloud] }), 'partly');
  assert.equal(stateOf('R14', { ...live, destinations: [embeddedPlace, cloud] }), 'partly');
  assert.equal(stateOf('R10', { ...live, accounts: false }), 'not');
  const open = { ...live, settings: new Map([...settings, ['host', '0.0.0.0']]) };
  assert.equal(stateOf('R13', open), 'organisation');
  assert.equal(stateOf('R33', { ...open, accounts: false }), 'not');
});
