import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PrefixTree } from './prefix-tree.ts';

const tokens = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 12 });
const operation = fc.oneof(
  fc.record({ do: fc.constant('insert' as const), id: fc.nat(6), tokens }),
  fc.record({ do: fc.constant('append' as const), id: fc.nat(6), tokens }),
  fc.record({ do: fc.constant('cut' as const), id: fc.nat(6), length: fc.nat(12) }),
  fc.record({ do: fc.constant('remove' as const), id: fc.nat(6) }),
);

function commonLength(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((token, index) => token !== b[index]);
  return at < 0 ? a.length : at;
}

test('the tree finds what comparing with every sequence finds, through any history', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), tokens, (operations, query) => {
      const tree = new PrefixTree();
      const kept = new Map<number, readonly number[]>();
      for (const step of operations) {
        const before = kept.get(step.id);
        if (step.do === 'insert' && before === undefined) {
          tree.insert(step.id, step.tokens);
          kept.set(step.id, step.tokens);
        } else if (step.do === 'append' && before !== undefined) {
          tree.append(step.id, step.tokens);
          kept.set(step.id, [...before, ...step.tokens]);
        } else if (step.do === 'cut' && before !== undefined) {
          tree.cut(step.id, step.length);
          kept.set(step.id, before.slice(0, step.length));
        } else if (step.do === 'remove' && before !== undefined) {
          tree.remove(step.id);
          kept.delete(step.id);
        }
      }
      for (const [id, expected] of kept) assert.deepEqual(tree.tokens(id), expected);
      const wanted = [...kept]
        .map(([id, own]) => ({ id, length: commonLength(own, query) }))
        .filter(({ length }) => length > 0);
      const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
      assert.deepEqual(tree.matches(query).sort(byId), wanted.sort(byId));
      assert.equal(tree.size, kept.size);
    }),
    { numRuns: 2000 },
  );
});

test('a tree that was emptied holds nothing', () => {
  const tree = new PrefixTree();
  tree.insert(1, [1, 2, 3]);
  tree.insert(2, [1, 2, 4]);
  tree.remove(1);
  tree.remove(2);
  assert.deepEqual(tree.matches([1, 2, 3]), []);
  assert.throws(() => tree.tokens(1), /not in the tree/);
});
