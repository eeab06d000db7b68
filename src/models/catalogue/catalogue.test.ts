import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { CatalogueEntry } from '../types.ts';
import { catalogue, findBySha256, findInCatalogue, fitOf, neededBytes, recommend, similarNames } from './index.ts';

const sourceSchema = z.strictObject({
  kind: z.enum(['huggingface', 'registry', 'python-package', 'url']),
  location: z.string().min(1),
  path: z.string().optional(),
  convert: z.literal('bert').optional(),
  otherQuantization: z.string().optional(),
  downloadBytes: z.int().positive().optional(),
});
const entrySchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9.-]+:[a-z0-9.-]+$/),
  title: z.string().min(1),
  publisher: z.string().min(1),
  parameterCount: z.int().positive(),
  activeParameterCount: z.int().positive().optional(),
  contextTokens: z.int().positive(),
  licence: z.string().min(1),
  languages: z.array(z.string().regex(/^[a-z]{2}$/)).min(1),
  capabilities: z.array(z.enum(['chat', 'completion', 'embedding', 'thinking', 'tools', 'vision'])).min(1),
  released: z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/),
  aliases: z.array(z.string().regex(/^[a-z0-9.-]+$/)).optional(),
  cacheShape: z
    .strictObject({
      elementsPerToken: z.int().nonnegative(),
      windowed: z.strictObject({ elementsPerToken: z.int().positive(), windowTokens: z.int().positive() }).optional(),
    })
    .optional(),
  variants: z
    .array(
      z.strictObject({
        quantization: z.string().regex(/^[A-Z0-9_]+$/),
        sizeBytes: z.int().positive(),
        approximate: z.literal(true).optional(),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional(),
        sources: z.array(sourceSchema).min(1),
      }),
    )
    .min(1),
});
const entry = (id: string): CatalogueEntry => findInCatalogue(id)?.entry ?? assert.fail(`${id} is not listed`);

test('every entry is complete and well formed, and no name means two things', () => {
  const names = new Set<string>();
  for (const item of catalogue) {
    const parsed = entrySchema.safeParse(item);
    assert.ok(
      parsed.success,
      `${item.id}: ${parsed.error?.issues[0]?.path.join('.')} ${parsed.error?.issues[0]?.message}`,
    );
    for (const name of [item.id, ...(item.aliases ?? [])]) {
      assert.ok(!names.has(name), `${name} twice`);
      names.add(name);
    }
    for (const variant of item.variants) {
      assert.ok(variant.approximate || variant.sha256, `${item.id}: an exact size comes with its SHA-256`);
      const bits = (8 * variant.sizeBytes) / item.parameterCount;
      assert.ok(bits > 1.5 && bits < 17, `${item.id} ${variant.quantization}: ${bits} bits a weight`);
    }
    assert.ok((item.activeParameterCount ?? 0) < item.parameterCount);
  }
});

test('it spans 0.1B to 671B in at least 25 models, the starter first', () => {
  assert.ok(catalogue.length >= 25);
  const sizes = catalogue.filter((item) => item.capabilities.includes('chat')).map((item) => item.parameterCount);
  assert.ok(Math.min(...sizes) < 0.2e9 && Math.max(...sizes) > 670e9);
  assert.equal(catalogue[0]?.id, 'smollm2:135m');
  assert.deepEqual(
    catalogue[0]?.variants[0]?.sources.map((source) => source.kind),
    ['huggingface', 'python-package', 'registry'],
  );
});

test('the deepseek-r1 family has the sizes that are printed for it', () => {
  const tags = ['1.5b', '7b', '8b', '14b', '32b', '70b', '671b'];
  const printed = tags.map((tag) =>
    Number(((entry(`deepseek-r1:${tag}`).variants[0]?.sizeBytes ?? 0) / 1e9).toPrecision(2)),
  );
  assert.deepEqual(printed.slice(0, 6), [1.1, 4.7, 5.2, 9.0, 20, 43]);
  assert.equal(Math.round((entry('deepseek-r1:671b').variants[0]?.sizeBytes ?? 0) / 1e9), 404);
  for (const tag of tags) assert.ok(entry(`deepseek-r1:${tag}`).capabilities.includes('thinking'));
});

test('a name, an alias, another variant and a checksum lead to their entry', () => {
  assert.equal(findInCatalogue('smollm2')?.id, 'smollm2:135m');
  assert.equal(findInCatalogue('smollm2:latest')?.id, 'smollm2:135m');
  assert.equal(findInCatalogue('SmolLM2:135M')?.id, 'smollm2:135m');
  assert.equal(findInCatalogue('smollm2:135m-q8_0')?.variant.quantization, 'Q8_0');
  assert.equal(findInCatalogue('smollm2:135m-q4_1')?.id, 'smollm2:135m');
  assert.equal(findInCatalogue('no-such-model'), undefined);
  assert.equal(findBySha256(catalogue[0]?.variants[0]?.sha256 ?? '')?.id, 'smollm2:135m');
  assert.deepEqual(
    similarNames(
      'smolm2:135m',
      catalogue.map((item) => item.id),
    )[0],
    'smollm2:135m',
  );
});

test('the need of the starter is the sum worked out by hand', () => {
  const starter = entry('smollm2:135m');
  const weights = 98_362_432;
  const byHand = weights + 11_520 * 8192 * 2 + 64 * 2 ** 20 + 0.02 * weights + 48 * 2 ** 20;
  assert.equal(neededBytes(starter, starter.variants[0]!), Math.round(byHand));
});

test('a model fits, is tight or is too large by the memory of the machine', () => {
  const verdict = (id: string, gib: number) => fitOf(entry(id), { memoryBytes: gib * 2 ** 30 }).verdict;
  assert.equal(verdict('smollm2:135m', 4), 'fits');
  assert.equal(verdict('deepseek-r1:7b', 16), 'fits');
  assert.equal(verdict('deepseek-r1:7b', 4), 'too-large');
  assert.equal(verdict('deepseek-r1:671b', 64), 'too-large');
  assert.equal(verdict('deepseek-r1:671b', 1024), 'fits');
  // 5.2 GB + 1.2 GB of KV cache + buffers: 6.3 GiB of the 7 GiB that 8 GiB leave.
  assert.equal(verdict('qwen3:8b', 8), 'tight');
});

test('the recommended model grows with the machine and stays quick enough to read along', () => {
  const best = (gib: number, language?: string) =>
    recommend({ memoryBytes: gib * 2 ** 30 }, language === undefined ? {} : { language });
  const sizes = [2, 4, 8, 16, 24, 64].map((gib) => best(gib)?.entry.parameterCount ?? 0);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  );
  assert.ok(sizes[0]! < sizes[5]!);
  for (const gib of [4, 8, 24, 64]) {
    const choice = best(gib, 'fr');
    assert.equal(choice?.fit.verdict, 'fits');
    assert.ok((choice?.fit.tokensPerSecond ?? 0) >= 6);
    assert.ok(choice?.entry.capabilities.includes('chat'));
    assert.ok(choice?.entry.languages.includes('fr'));
  }
  assert.equal(best(0.5), undefined);
});
