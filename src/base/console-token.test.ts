import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConsoleToken, removeConsoleToken, writeConsoleToken } from './console-token.ts';

test('the console token is its user’s alone, new at each start, and never taken from a file that others may read', () => {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-console-'));
  const path = join(home, 'console.token');
  try {
    assert.equal(readConsoleToken(home), undefined);
    const first = writeConsoleToken(home);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(readConsoleToken(home), first);
    const second = writeConsoleToken(home);
    assert.notEqual(second, first);
    removeConsoleToken(home, first);
    assert.equal(readConsoleToken(home), second, 'that of another server stays');
    chmodSync(path, 0o644);
    assert.equal(readConsoleToken(home), undefined, 'others could have read it');
    chmodSync(path, 0o600);
    removeConsoleToken(home, second);
    assert.equal(readConsoleToken(home), undefined);
    const elsewhere = join(home, 'elsewhere');
    writeFileSync(elsewhere, 'kept');
    symlinkSync(elsewhere, path);
    assert.equal(readConsoleToken(home), undefined, 'no link is followed');
    writeConsoleToken(home);
    assert.equal(readFileSync(elsewhere, 'utf8'), 'kept');
  } finally {
    rmSync(home, { recursive: true });
  }
});
