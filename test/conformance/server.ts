import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, silentLog, systemClock } from '../../src/base/index.ts';
import { openEgress } from '../../src/egress/index.ts';
import type { AliasBook } from '../../src/gateway/index.ts';
import { openModelLibrary } from '../../src/models/index.ts';
import { startServer } from '../../src/serve.ts';
import { embeddingModelFile, starterModelFile } from '../parts/starter-model.ts';
import { openTestGateway } from '../parts/test-gateway.ts';

/** A server that suites may do anything to: it lives in a temporary folder. */
export interface ConformanceServer extends AsyncDisposable {
  readonly address: string;
  /** Whoever sends it may do everything, whatever becomes of the accounts. */
  readonly consoleToken?: string;
  readonly aliases: AliasBook;
  /** Model behind the aliases. */
  readonly model: string;
}

/** Name that the openai package's own tests delete. */
const deleted = 'ft:gpt-4o-mini:acemeco:suffix:abc123';

/** The whole product on the starter model and the small encoder; names that clients insist on lead to them. */
export async function openRealServer(): Promise<ConformanceServer> {
  const home = await mkdtemp(join(tmpdir(), 'intramuros-conformance-'));
  const flags = {
    port: 0,
    optimize: 'off',
    logLevel: 'warn',
    // Short answers: the tests ask without a limit, and it is the form of the reply that they look at.
    contextTokens: 256,
    parallel: 4,
    // The package asks for base64 unasked and then, in strict mode, refuses it: its own schema knows only numbers.
    embeddingEncoding: 'float',
  };
  const ids: string[] = [];
  const log = silentLog();
  const egress = openEgress({ offline: true, log, clock: systemClock });
  const library = await openModelLibrary({ home, egress, settings: readSettings({ home, flags }).settings, log });
  for (const file of [await starterModelFile(), await embeddingModelFile()])
    for await (const event of library.pull(file)) if (event.type === 'done') ids.push(event.model.id);
  await egress.close();
  const [model = ''] = ids;
  const modelAliases = { '*': ids.join('|'), [deleted]: model };
  const server = await startServer({ home, resolved: readSettings({ home, flags: { ...flags, modelAliases } }) });
  return {
    address: server.address,
    aliases: server.aliases,
    model,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The whole HTTP side over the echo engine: for suites that ask ten thousand times. */
export async function openEchoServer(): Promise<ConformanceServer> {
  const consoleToken = `imc_${randomBytes(32).toString('base64url')}`;
  const gateway = await openTestGateway({
    aliases: { '*': 'echo|vectors', [deleted]: 'echo' },
    conversations: true,
    upstreams: true,
    accounts: randomBytes(12).toString('base64url'),
    consoleToken,
    embeddingEncoding: 'float',
  });
  return {
    address: gateway.address,
    consoleToken,
    aliases: gateway.rooms.aliases,
    model: 'echo',
    [Symbol.asyncDispose]: gateway.close,
  };
}
