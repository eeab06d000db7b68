import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Audit, openAudit } from '../../src/audit/index.ts';
import { silentLog, systemClock } from '../../src/base/index.ts';
import { type OpenedGate, openGate, openPolicy, type PolicyHouse } from '../../src/policy/index.ts';

/** The real gate over the policy that the product brings and a record in a temporary folder. */
export interface TestGate extends AsyncDisposable {
  readonly gate: OpenedGate;
  readonly policy: PolicyHouse;
  readonly audit: Audit;
  readonly home: string;
}

/** Opens it. */
export function openTestGate(home = mkdtempSync(join(tmpdir(), 'intramuros-gate-'))): TestGate {
  const about = { home, clock: systemClock, log: silentLog() };
  const audit = openAudit(about);
  const policy = openPolicy({ ...about, audit });
  const gate = openGate({ policy, audit, clock: systemClock, log: silentLog() });
  return {
    gate,
    policy,
    audit,
    home,
    async [Symbol.asyncDispose]() {
      policy[Symbol.dispose]();
      await audit.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
