import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { buildPageWhenStale, pageFolder } from '../parts/browser.ts';

const assets = join(pageFolder, 'assets');
const read = (name: string): string => readFileSync(join(assets, name), 'utf8');
before(buildPageWhenStale);

/** Scripts that a first visit loads: those of index.html, all they import statically, and the larger catalogue. */
function firstLoad(): readonly string[] {
  const html = readFileSync(join(pageFolder, 'index.html'), 'utf8');
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const [, next] of read(name).matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) if (next) visit(next);
  };
  for (const [, name] of html.matchAll(/assets\/([\w.-]+\.js)/g)) if (name) visit(name);
  const catalogues = readdirSync(assets).filter((name) => /^(fr|en)-.*\.js$/.test(name));
  const largest = catalogues.toSorted((a, b) => read(b).length - read(a).length)[0];
  if (largest) visit(largest);
  return [...found];
}

test('a first visit loads at most 180 kB of compressed JavaScript, and no heavy part', () => {
  const names = firstLoad();
  const bytes = names.reduce((sum, name) => sum + gzipSync(read(name), { level: 9 }).length, 0);
  assert.ok(names.length >= 2, 'the page and a catalogue');
  assert.ok(bytes > 50_000 && bytes <= 180_000, `${bytes} bytes: ${names.join(', ')}`);
  assert.equal(
    names.some((name) => /^(answer-text|math|highlight)/.test(name)),
    false,
  );
  console.log(`first load: ${bytes} bytes of compressed JavaScript in ${names.length} files`);
});

test('nothing in the built page is fetched from another origin, and nothing is inline', () => {
  const html = readFileSync(join(pageFolder, 'index.html'), 'utf8');
  assert.doesNotMatch(html, /(?:src|href)="(?:https?:)?\/\//);
  assert.doesNotMatch(html, /<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=/);
  for (const name of readdirSync(assets).filter((file) => file.endsWith('.css')))
    assert.doesNotMatch(read(name), /url\(\s*["']?(?:https?:|\/\/|data:)|@import\s+["']?http/, name);
});
