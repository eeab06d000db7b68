import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { silentLog } from '../../src/base/index.ts';
import { type Database, openDatabase } from '../../src/store/index.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/** One fresh place for a database: where, and how to open it (again). */
export interface DatabasePlace {
  readonly home: string;
  readonly databaseUrl: string | undefined;
  open(): Promise<Database>;
}

/**
 * Runs the same tests on both kinds of database. On a machine where PostgreSQL cannot run, its half is skipped with the reason.
 */
export function onEachDatabase(
  title: string,
  tests: (promise: (name: string, body: (place: DatabasePlace, context: TestContext) => Promise<void>) => void) => void,
): void {
  describe(`${title} (pglite)`, () => {
    tests((name, body) => test(name, async (context) => body(await freshPlace(context), context)));
  });
  describe(`${title} (postgres)`, () => {
    let server: Promise<PostgresServer | { readonly unavailable: string }> | undefined;
    after(async () => {
      const started = await server;
      if (started !== undefined && 'stop' in started) await started.stop();
    });
    tests((name, body) =>
      test(name, async (context) => {
        server ??= startPostgres();
        const started = await server;
        if ('unavailable' in started) return context.skip(started.unavailable);
        await body(emptyPlace(context, await started.createDatabase()), context);
      }),
    );
  });
}

/** A data directory with a fresh embedded database, removed after the test. */
export async function freshPlace(context: Pick<TestContext, 'after'>): Promise<DatabasePlace> {
  const place = emptyPlace(context);
  await copyDatabase(place.home);
  return place;
}

/** Puts a fresh embedded database into a data directory. */
export async function copyDatabase(home: string): Promise<void> {
  cpSync(await template(), home, { recursive: true });
}

/** An empty data directory, removed after the test. */
export function emptyPlace(context: Pick<TestContext, 'after'>, databaseUrl?: string): DatabasePlace {
  const root = mkdtempSync(join(tmpdir(), 'intramuros-test-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const home = join(root, 'home');
  mkdirSync(home);
  return { home, databaseUrl, open: () => openDatabase({ home, databaseUrl, log: silentLog() }) };
}

let made: Promise<string> | undefined;

/** A database made once a test file and copied, as making one takes seconds. */
function template(): Promise<string> {
  made ??= (async () => {
    const home = mkdtempSync(join(tmpdir(), 'intramuros-template-'));
    process.once('exit', () => rmSync(home, { recursive: true, force: true }));
    await (await openDatabase({ home, log: silentLog() })).close();
    return home;
  })();
  return made;
}
