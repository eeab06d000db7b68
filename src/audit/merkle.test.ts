import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  consistencyPath,
  frontierNodes,
  inclusionPath,
  leafHash,
  openFrontier,
  rangeHash,
  storedCount,
  storedIndex,
} from './merkle.ts';

const sha = (...parts: (Buffer | string)[]): Buffer => {
  const one = createHash('sha256');
  for (const part of parts) one.update(part);
  return one.digest();
};

/** MTH of RFC 6962, section 2.1, word for word. */
function treeHash(leaves: readonly string[]): Buffer {
  if (leaves.length === 0) return sha('');
  if (leaves.length === 1) return sha('\0', leaves[0] as string);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha('\x01', treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

const most = 130;
const lines = Array.from({ length: most }, (_, n) => `{"seq":${n},"é":"${'x'.repeat(n % 7)}"}`);

function grown(): { stored: Buffer[]; roots: Buffer[] } {
  const stored: Buffer[] = [];
  const frontier = openFrontier(0, []);
  const roots = [frontier.root()];
  for (const line of lines) {
    frontier.add(leafHash(line), (hash) => stored.push(hash));
    roots.push(frontier.root());
  }
  return { stored, roots };
}

test('the known roots of RFC 6962 test vectors', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
  const frontier = openFrontier(0, []);
  for (const hex of inputs) frontier.add(leafHash(Buffer.from(hex, 'hex')), () => undefined);
  assert.equal(frontier.root().toString('hex'), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
});

test('the growing tree gives at every size the root of the definition, from any point on', () => {
  const { stored, roots } = grown();
  const read = (level: number, index: number): Buffer => stored[storedIndex(level, index)] as Buffer;
  for (let size = 0; size <= most; size += 1) {
    const wanted = treeHash(lines.slice(0, size));
    assert.deepEqual(roots[size], wanted);
    assert.deepEqual(rangeHash(read, 0, size), wanted);
    const again = openFrontier(
      size,
      frontierNodes(size).map(([level, index]) => read(level, index)),
    );
    assert.deepEqual(again.root(), wanted);
    for (const line of lines.slice(size)) again.add(leafHash(line), () => undefined);
    assert.deepEqual(again.root(), roots[most]);
  }
  assert.equal(stored.length, storedCount(most));
});

/** Verification as in RFC 9162, section 2.1.3.2. */
function rootOf(leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer | undefined {
  let [fn, sn, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      hash = sha('\x01', sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else hash = sha('\x01', hash, sibling);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? hash : undefined;
}

test('every inclusion path leads to the root', () => {
  const { stored, roots } = grown();
  const read = (level: number, index: number): Buffer => stored[storedIndex(level, index)] as Buffer;
  for (const size of [1, 2, 3, 7, 8, 64, 65, 129, most])
    for (let leaf = 0; leaf < size; leaf += 1) {
      const path = inclusionPath(read, leaf, size);
      assert.deepEqual(rootOf(leafHash(lines[leaf] as string), leaf, size, path), roots[size]);
      assert.ok(path.length <= Math.ceil(Math.log2(size)));
    }
});

/** Verification as in RFC 9162, section 2.1.4.2. */
function isConsistent(older: number, size: number, first: Buffer, second: Buffer, given: readonly Buffer[]): boolean {
  if (older === size) return given.length === 0 && first.equals(second);
  const path = Number.isInteger(Math.log2(older)) ? [first, ...given] : [...given];
  let [fn, sn] = [older - 1, size - 1];
  while (fn % 2 === 1) [fn, sn] = [fn >> 1, sn >> 1];
  let [fr, sr] = [path[0] as Buffer, path[0] as Buffer];
  for (const c of path.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [sha('\x01', c, fr), sha('\x01', c, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = sha('\x01', sr, c);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && fr.equals(first) && sr.equals(second);
}

test('every consistency path holds between the two roots, and not for another root', () => {
  const { stored, roots } = grown();
  const read = (level: number, index: number): Buffer => stored[storedIndex(level, index)] as Buffer;
  for (const size of [1, 2, 3, 7, 8, 64, 65, 129, most])
    for (let older = 1; older <= size; older += 1) {
      const path = consistencyPath(read, older, size);
      assert.ok(isConsistent(older, size, roots[older] as Buffer, roots[size] as Buffer, path), `${older} to ${size}`);
      assert.ok(!isConsistent(older, size, roots[older - 1] as Buffer, roots[size] as Buffer, path));
    }
});
