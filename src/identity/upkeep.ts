import type { Clock, Logger } from '../base/index.ts';
import type { Database } from '../store/index.ts';
import type { Book } from './book.ts';
import type { Changes } from './changes.ts';
import type { Counters } from './counters.ts';
import type { LastUse } from './last-use.ts';
import type { Usage } from './usage.ts';

export interface UpkeepOptions {
  readonly database: Database;
  readonly book: Book;
  readonly changes: Changes;
  readonly counters: Counters;
  readonly usage: Usage;
  readonly lastUse: LastUse;
  readonly clock: Clock;
  readonly log: Logger;
  readonly idleMs: number;
  readonly everyMs: number;
}

const cleanEveryMs = 10 * 60_000;

/** What goes on beside the requests: usage to the disk, other gateways' changes into memory, old rows away. */
export function openUpkeep(options: UpkeepOptions): { close(): Promise<void> } {
  const { database, book, changes, usage, lastUse, clock, log, everyMs } = options;
  let closing = false;
  let cleanedMs = 0;
  let isFailing = false;
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;

  const goRound = async (): Promise<void> => {
    if (database.kind === 'postgres' || changes.isBehind) await book.follow(database);
    if (database.kind === 'postgres') await usage.follow();
    else await usage.flush();
    await lastUse.flush();
    if (clock.monotonic() - cleanedMs < cleanEveryMs) return;
    cleanedMs = clock.monotonic();
    await clean(options);
  };
  const attempt = async (): Promise<void> => {
    try {
      await goRound();
      if (isFailing) log.info('identity hears and writes again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'identity can neither write usage nor hear of changes; it tries again');
      isFailing = true;
    }
  };
  const plan = (): void => {
    timer = setTimeout(() => {
      round = attempt().then(() => {
        if (!closing) plan();
      });
    }, everyMs);
    timer.unref();
  };
  plan();
  return {
    async close() {
      if (closing) return;
      closing = true;
      clearTimeout(timer);
      await round;
      try {
        await usage.flush();
        await lastUse.flush({ all: true });
      } catch (error) {
        log.error({ err: error }, 'the last usage could not be written');
      }
    },
  };
}

async function clean({ database, book, counters, clock, idleMs }: UpkeepOptions): Promise<void> {
  const now = clock.now();
  counters.prune();
  const ended = await database.query<{ id: string }>(
    'DELETE FROM sessions WHERE expires_at < $1 OR last_seen_at < $2 RETURNING id',
    [new Date(now), new Date(now - 2 * idleMs)],
  );
  for (const { id } of ended) book.forgetSession(id);
  await database.query(`DELETE FROM identity_changes WHERE at < now() - interval '1 hour'`);
  await database.query('DELETE FROM quota_windows WHERE ends_at < $1', [new Date(now - 86_400_000)]);
  await database.query(`DELETE FROM usage_batches WHERE written_at < now() - interval '7 days'`);
}
