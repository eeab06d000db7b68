import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Path of the small real model that tests run: `INTRAMUROS_TEST_MODEL`, else the one kept in the user's cache directory.
 */
export async function starterModelFile(): Promise<string> {
  const given = process.env.INTRAMUROS_TEST_MODEL;
  if (given) return given;
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const kept = join(cache, 'intramuros', 'smollm2-135m-instruct-q4_1.gguf');
  if (existsSync(kept)) return kept;
  throw new Error(`Tests need the starter model: set INTRAMUROS_TEST_MODEL to its file, or put it at ${kept}.`);
}
