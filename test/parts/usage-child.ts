/** Settles usage until it is killed, and tells its parent what was on the disk for certain. */
import { openAudit } from '../../src/audit/index.ts';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { openIdentity } from '../../src/identity/index.ts';
import { openDatabase } from '../../src/store/index.ts';

const home = process.env.HOME_UNDER_TEST ?? '';
const log = silentLog();
const database = await openDatabase({ home, databaseUrl: process.env.DATABASE_UNDER_TEST || undefined, log });
const audit = openAudit({ home, clock: systemClock, log });
const identity = await openIdentity({ database, audit, log, clock: systemClock, everyMs: 20 });
const who = identity.authenticate({ bearer: undefined, sessionToken: undefined, loopback: true });
let settled = 0;
const go = async (): Promise<void> => {
  for (let count = 0; count < 50; count += 1) {
    identity.quotas
      .reserve(who, { model: 'm', mostTokens: 10, mostCostMicros: 0 })
      .settle({ promptTokens: 1, completionTokens: 2, costMicros: 0 });
    settled += 1;
  }
  const before = settled;
  await identity.usage.flush();
  process.send?.({ written: before });
  setImmediate(() => void go());
};
void go();
