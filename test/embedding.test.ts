import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readSettings, silentLog, systemClock } from '../src/base/index.ts';
import { openEgress } from '../src/egress/index.ts';
import { type Engine, openEngine } from '../src/engine/index.ts';
import { openModelLibrary } from '../src/models/index.ts';
import { embeddingModelFile } from './parts/starter-model.ts';

interface Reference {
  readonly rows: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    readonly vector: readonly number[];
  }[];
}
const fixture = join(import.meta.dirname, '../src/models/convert/fixtures/minilm-vectors.json');
const { rows } = JSON.parse(await readFile(fixture, 'utf8')) as Reference;
const home = await mkdtemp(join(tmpdir(), 'intramuros-embedding-'));
const egress = openEgress({ offline: true, log: silentLog(), clock: systemClock });
const { settings } = readSettings({ home, environment: { INTRAMUROS_THREADS: '1', INTRAMUROS_CONTEXT_TOKENS: '512' } });
let engine: Engine;
let model: string;

before(async () => {
  const library = await openModelLibrary({ home, egress, settings, log: silentLog(), environment: { HOME: home } });
  for await (const event of library.pull(await embeddingModelFile())) if (event.type === 'done') model = event.model.id;
  engine = openEngine({ library, settings, log: silentLog(), clock: systemClock });
});
after(async () => {
  await engine.close();
  await egress.close();
  await rm(home, { recursive: true });
});

test("the converted encoder's tokens are those of its own tokenizer, accents, punctuation and ideographs included", async () => {
  for (const { text, tokens } of rows) {
    const found = await engine.tokenize({ model, text, addSpecial: true });
    assert.deepEqual(
      found.map(({ token }) => token),
      tokens,
      text,
    );
  }
});

test("the converted encoder's vectors are the true model's, to a cosine of 0.9999", async () => {
  const { vectors } = await engine.embed({ model, inputs: rows.map(({ text }) => text), fairKey: 'test' });
  for (const [index, { text, vector }] of rows.entries()) {
    const cosine = vector.reduce((sum, value, at) => sum + value * (vectors[index]?.[at] ?? 0), 0);
    assert.ok(cosine > 0.9999, `${text}: ${cosine}`);
  }
});
