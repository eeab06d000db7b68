import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { test } from 'node:test';

/** Rooms from the ground up: a file imports only from its own room and from rooms earlier in this list. */
const rooms = [
  'base',
  'store',
  'keyring',
  'audit',
  'policy',
  'identity',
  'egress',
  'signin',
  'models',
  'engine',
  'upstreams',
  'personal',
  'conversations',
  'flows',
  'evidence',
  'gateway',
  'cli',
] as const;

const source = resolve(import.meta.dirname, '../src');

function typescriptFiles(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return typescriptFiles(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

interface Arrow {
  readonly from: string;
  readonly to: string;
}

function arrows(): Arrow[] {
  return typescriptFiles(source).flatMap((from) => {
    const text = readFileSync(from, 'utf8');
    const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
    return targets.map((target) => ({ from, to: resolve(dirname(from), target) }));
  });
}

const roomOf = (path: string): string | undefined => {
  const [first, second] = relative(source, path).split(sep);
  return second === undefined ? undefined : first;
};
const short = ({ from, to }: Arrow): string => `${relative(source, from)} → ${relative(source, to)}`;

test('every folder of src is a room in the list', () => {
  const folders = readdirSync(source).filter((name) => statSync(join(source, name)).isDirectory());
  assert.deepEqual(
    folders.filter((name) => !(rooms as readonly string[]).includes(name)),
    [],
  );
});

test('imports point only to rooms above', () => {
  const upward = arrows().filter(({ from, to }) => {
    const [a, b] = [roomOf(from), roomOf(to)];
    if (a === undefined) return false; // main.ts and its kind build the rooms
    if (b === undefined) return true; // nothing imports main.ts
    return rooms.indexOf(b as (typeof rooms)[number]) > rooms.indexOf(a as (typeof rooms)[number]);
  });
  assert.deepEqual(upward.map(short), []);
});

test('a room is entered by its index.ts alone', () => {
  const past = arrows().filter(({ from, to }) => {
    const [a, b] = [roomOf(from), roomOf(to)];
    return (
      b !== undefined &&
      a !== b &&
      relative(source, to).split(sep).slice(1).join('/') !== 'index.ts' &&
      !from.endsWith('.test.ts')
    );
  });
  assert.deepEqual(past.map(short), []);
});

test('there is no cycle between files', () => {
  const graph = new Map<string, string[]>();
  for (const { from, to } of arrows()) graph.set(from, [...(graph.get(from) ?? []), to]);
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      cycles.push([...path.slice(path.indexOf(file)), file].map((f) => relative(source, f)).join(' → '));
      return;
    }
    state.set(file, 'open');
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file, []);
  assert.deepEqual(cycles, []);
});
