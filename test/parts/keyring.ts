import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/base/index.ts';
import { type Keyring, openKeyring } from '../../src/keyring/index.ts';
import type { Database } from '../../src/store/index.ts';

const houseKey = { TEST_HOUSE_KEY: '5a'.repeat(32) };

/** The keys of a database, under one house key for all tests; marks of destroyed keys go to `home`. */
export function openTestKeyring(
  database: Database,
  home = mkdtempSync(join(tmpdir(), 'intramuros-keys-')),
): Promise<Keyring> {
  const settings = { houseKey: 'env:TEST_HOUSE_KEY' };
  return openKeyring({ database, home, settings, log: silentLog(), environment: { ...houseKey } });
}
