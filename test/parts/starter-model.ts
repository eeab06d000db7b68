import { homedir } from 'node:os';
import { join } from 'node:path';
import { openLog, readSettings, systemClock } from '../../src/base/index.ts';
import { openEgress } from '../../src/egress/index.ts';
import { openModelLibrary } from '../../src/models/index.ts';

/** Where test models are kept between runs: pulled once a machine, whatever checkout asks. */
function testHome(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'intramuros', 'test');
}

const fetched = new Map<string, Promise<string>>();

/** File of a catalogue model, pulled by the product itself when it is not there yet. Test files that ask at once share one pull. */
function modelFile(id: string): Promise<string> {
  let file = fetched.get(id);
  if (!file) {
    file = pull(id);
    fetched.set(id, file);
  }
  return file;
}

async function pull(id: string): Promise<string> {
  const home = testHome();
  const log = openLog({ level: 'warn' });
  await using egress = openEgress({ offline: false, log, clock: systemClock });
  const { settings } = readSettings({ home });
  const library = await openModelLibrary({ home, egress, settings, log });
  for await (const event of library.pull(id)) {
    if (event.type === 'source-failed') console.error(`${id}: ${event.reason}`);
    if (event.type === 'done' && event.model.files[0] !== undefined) return event.model.files[0];
  }
  throw new Error(`The pull of ${id} ended without a model.`);
}

/**
 * Path of the small chat model that tests answer with (SmolLM2-135M-Instruct, Q4_1, 98 MB): `INTRAMUROS_TEST_MODEL`, else
 * the one in the user's cache directory, else pulled into it.
 */
export async function starterModelFile(): Promise<string> {
  return process.env.INTRAMUROS_TEST_MODEL || modelFile('smollm2:135m');
}

/** Path of the small encoder (all-MiniLM-L6-v2, F16, 46 MB): `INTRAMUROS_TEST_EMBEDDING_MODEL`, else as above. */
export async function embeddingModelFile(): Promise<string> {
  return process.env.INTRAMUROS_TEST_EMBEDDING_MODEL || modelFile('all-minilm:22m');
}
