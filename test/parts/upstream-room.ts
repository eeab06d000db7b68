import { randomBytes } from 'node:crypto';
import { after, type TestContext } from 'node:test';
import type { Audit, AuditRecord } from '../../src/audit/index.ts';
import { openAudit } from '../../src/audit/index.ts';
import { IntramurosError, newId, silentLog, systemClock } from '../../src/base/index.ts';
import { type Egress, openEgress } from '../../src/egress/index.ts';
import type { Clearance, Gate, Label, Outcome, PassRequest } from '../../src/policy/index.ts';
import { type Database, openSecrets } from '../../src/store/index.ts';
import { openUpstreams, type UpstreamInput, type UpstreamModel, type Upstreams } from '../../src/upstreams/index.ts';
import { type DatabasePlace, freshPlace } from './databases.ts';

/** A gate for tests of the rooms under it: records each pass, seals what it lets through, denies the tiers it is told. */
export interface TestGate extends Gate {
  readonly passed: PassRequest[];
  readonly settled: Outcome[];
  readonly deniedTiers: Set<string>;
}

export function openTestGate(): TestGate {
  const secret = randomBytes(16).toString('hex');
  const made = new Set<string>();
  const gate: TestGate = {
    passed: [],
    settled: [],
    deniedTiers: new Set(),
    policy: {
      version: 'test',
      decide: () => ({ effect: 'allow', rules: ['test'], words: 'Allowed.', reason: 'rule', policyVersion: 'test' }),
      nearest: (_request, among) => among[0],
    },
    async pass(request) {
      gate.passed.push(request);
      const { destination, label, addresses } = request;
      if (gate.deniedTiers.has(destination.tier))
        throw new IntramurosError('destination_denied', `"${destination.id}" is denied by this test.`);
      const decisionId = newId('dec');
      made.add(decisionId);
      return {
        decisionId,
        destinationId: destination.id,
        label,
        effect: 'allow',
        tier: destination.tier,
        addresses,
        mostBytes: request.mostBytes ?? 16 * 1024 * 1024,
        expiresAt: Date.now() + 3_600_000,
        seal: secret,
      };
    },
    recorded: async () => {},
    settle: (_clearance, outcome) => void gate.settled.push(outcome),
    covers: ({ effect }) => effect === 'allow',
    verify: (clearance) => clearance.seal === secret && made.has(clearance.decisionId),
  };
  return gate;
}

export const publicOnly: Label = { level: 'PUBLIC', mentions: [], compartments: [] };

/** One room for all tests of a file that ask for nothing else, as opening a database takes seconds. */
export function sharedUpstreamRoom(): () => Promise<UpstreamRoom> {
  const closers: (() => unknown)[] = [];
  let opened: Promise<UpstreamRoom> | undefined;
  after(async () => {
    await opened;
    for (const close of closers) await close();
  });
  return () => {
    opened ??= openUpstreamRoom({ after: (work: () => unknown) => void closers.unshift(work) });
    return opened;
  };
}

/** A real room of upstreams: database, secrets, audit and door in a temporary folder. */
export interface UpstreamRoom {
  readonly upstreams: Upstreams;
  readonly gate: TestGate;
  readonly egress: Egress;
  readonly audit: Audit;
  readonly database: Database;
  readonly place: DatabasePlace;
  /** Passes the gate for a model. */
  clear(model: UpstreamModel): Promise<Clearance>;
  /** Declares an upstream and gives its first model. */
  declare(input: Partial<UpstreamInput> & Pick<UpstreamInput, 'kind' | 'urls'>): Promise<UpstreamModel>;
  /** What the audit holds. */
  recorded(): Promise<readonly AuditRecord[]>;
}

export const onPremises: UpstreamInput['destination'] = { tier: 'on-premises', country: 'FR', extraEuExposure: false };
export const somebodyElse: UpstreamInput['destination'] = { tier: 'saas', country: 'US', extraEuExposure: true };
export const admin = { personId: 'per_admin' };

export async function openUpstreamRoom(context: Pick<TestContext, 'after'>, at?: DatabasePlace): Promise<UpstreamRoom> {
  const place = at ?? (await freshPlace(context));
  const log = silentLog();
  const database = await place.open();
  const gate = openTestGate();
  const egress = openEgress({ offline: false, log, clock: systemClock, verify: (clearance) => gate.verify(clearance) });
  const audit = await openAudit({ home: place.home, log, clock: systemClock });
  const secrets = openSecrets({ home: place.home });
  let declared = 0;
  const upstreams = await openUpstreams({ database, secrets, egress, gate, audit, clock: systemClock, log });
  context.after(async () => {
    await upstreams[Symbol.asyncDispose]();
    await egress.close();
    await audit.close();
    await database.close();
  });
  return {
    upstreams,
    gate,
    egress,
    audit,
    database,
    place,
    clear: (model) =>
      gate.pass({
        subject: { id: 'per_1', roles: [], groups: [], compartments: [], ceiling: undefined },
        action: 'infer',
        label: publicOnly,
        destination: model.destination,
        sources: [],
        about: { runId: 'run_1', model: model.id },
        addresses: upstreams.addresses(model),
        alternatives: [],
      }),
    async declare(input) {
      declared += 1;
      const id = declared === 1 ? 'up' : `up${declared}`;
      const made = await upstreams.create(
        { id, title: 'Up', destination: onPremises, models: [{ name: 'echo' }], ...input },
        admin,
      );
      return made.models[0] as UpstreamModel;
    },
    async recorded() {
      const records: AuditRecord[] = [];
      for await (const record of audit.read({ kinds: ['upstream'] })) records.push(record);
      return records;
    },
  };
}
