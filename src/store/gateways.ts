import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from '../base/index.ts';
import type { Database } from './types.ts';

const usualBeatMs = 10_000;

/** This gateway among those that share the database. */
export interface GatewayBeat extends AsyncDisposable {
  /** The same after a restart on this data directory. */
  readonly id: string;
  /** Called after each beat, one call at a time; what it throws is logged. */
  onBeat(work: () => Promise<void>): void;
}

/** Name of the gateway of a data directory, of which there is one at a time. */
export function gatewayId(home: string): string {
  return `gtw_${createHash('sha256')
    .update(`${hostname()}\n${resolve(home)}`)
    .digest('hex')
    .slice(0, 24)}`;
}

/** Condition in SQL that the gateway of `column` is alive: it said so within three of its beats. */
export const isAlive = (column: string): string =>
  `EXISTS (SELECT 1 FROM gateways g WHERE g.id = ${column} AND g.alive_until > now())`;

/**
 * Says in the database that this gateway lives, until it is closed. An embedded database has no other: nothing is said there.
 * @param options.everyMs time between two beats; after three without one a gateway counts as dead.
 */
export async function openGatewayBeat(options: {
  readonly database: Database;
  readonly home: string;
  readonly log: Logger;
  readonly everyMs?: number;
}): Promise<GatewayBeat> {
  const { database, log, everyMs = usualBeatMs } = options;
  const id = gatewayId(options.home);
  if (database.kind === 'pglite') return { id, onBeat: () => {}, [Symbol.asyncDispose]: async () => {} };
  const works: (() => Promise<void>)[] = [];
  let beating: Promise<void> | undefined;
  const say = async (): Promise<void> => {
    await database.query(
      `INSERT INTO gateways (id, alive_until) VALUES ($1, now() + make_interval(secs => $2))
       ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until`,
      [id, (3 * everyMs) / 1000],
    );
  };
  const beat = async (): Promise<void> => {
    try {
      await say();
      for (const work of works) await work();
    } catch (error) {
      log.warn({ err: error }, 'the database was not told that this gateway lives');
    }
  };
  await say();
  const timer = setInterval(() => {
    beating ??= beat().finally(() => {
      beating = undefined;
    });
  }, everyMs).unref();
  return {
    id,
    onBeat: (work) => void works.push(work),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await beating;
      await database.query('DELETE FROM gateways WHERE id = $1', [id]).catch((error: unknown) => {
        log.warn({ err: error }, 'the database was not told that this gateway ends');
      });
    },
  };
}
