import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeptStore } from './kept-store.ts';

test('whatever is stored and removed, each state comes back as it was and no room is lost', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 6 }), length: fc.integer({ min: 1, max: 60 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const store = new KeptStore(100);
      const held = new Map<number, number>();
      for (const [at, { key, length }] of steps.entries()) {
        if (held.has(key)) {
          store.remove(key);
          held.delete(key);
        } else {
          const fits = length <= store.freeBytes;
          const write = (into: Uint8Array): boolean => into.fill(key).length === length && at % 5 > 0;
          assert.equal(store.put(key, length, write), fits && at % 5 > 0);
          if (fits && at % 5 > 0) held.set(key, length);
        }
        for (const [each, size] of held) assert.deepEqual([...store.get(each)], Array(size).fill(each));
        assert.equal(store.freeBytes, 100 - [...held.values()].reduce((sum, size) => sum + size, 0));
      }
    }),
  );
});
