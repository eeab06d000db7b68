import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Audit } from '../../src/audit/index.ts';
import { IntramurosError, silentLog, systemClock } from '../../src/base/index.ts';
import { type ConversationRoom, type Conversations, openConversations } from '../../src/conversations/index.ts';
import { openEgress, openEgressHouse } from '../../src/egress/index.ts';
import { type AnchorSettings, machineOf, openEvidence } from '../../src/evidence/index.ts';
import { noUpstreams, openAnswers, openCommitments, openRuns } from '../../src/flows/index.ts';
import {
  type Gateway,
  type GatewayOptions,
  type GatewayRooms,
  openAliases,
  openGateway,
  openMetrics,
} from '../../src/gateway/index.ts';
import { openGovernance } from '../../src/governance.ts';
import { type Identity, openIdentity } from '../../src/identity/index.ts';
import type { Keyring } from '../../src/keyring/index.ts';
import type { InstalledModel } from '../../src/models/index.ts';
import { type Detector, openVaults } from '../../src/personal/index.ts';
import { type Clearance, internalLabel, type Label, type OpenedGate, type Proposals } from '../../src/policy/index.ts';
import { openSignIn, type SignInSettings } from '../../src/signin/index.ts';
import { backupHere, type Database, openDatabase, openSecrets } from '../../src/store/index.ts';
import { openUpstreams, type UpstreamInput, type Upstreams, type UpstreamsOptions } from '../../src/upstreams/index.ts';
import { copyDatabase } from './databases.ts';
import { type EchoEngine, type EchoEngineOptions, openEchoEngine } from './echo-engine.ts';
import { openTestKeyring } from './keyring.ts';
import { describeModel, openMemoryLibrary } from './memory-library.ts';
import { ownerIdentity } from './owner-identity.ts';
import { embeddedPlace } from './places.ts';
import { openTestGate } from './test-gate.ts';

/** A gateway over the echo engine, with real conversations in a temporary folder. */
export interface TestGateway extends Gateway, AsyncDisposable {
  readonly engine: EchoEngine;
  readonly rooms: GatewayRooms;
  readonly gate: OpenedGate;
  readonly audit: Audit;
  readonly home: string;
  /** Where there is a database. */
  readonly accounts: Identity | undefined;
  /** Asks the gateway; a body that is no string is sent as JSON. */
  ask(path: string, options?: AskOptions): Promise<Response>;
}

export interface AskOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface TestGatewayOptions extends Partial<Omit<GatewayOptions, 'rooms'>> {
  readonly engine?: EchoEngineOptions;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly models?: readonly InstalledModel[];
  /** Upstreams that are declared, over the real door; needs `conversations`. None without it. */
  readonly serves?: readonly UpstreamInput[];
  /** Opens the store of upstreams while nothing may leave: they can be declared, and a call of one is refused. */
  readonly upstreams?: true;
  /** Opens a database with real accounts, keys and quotas; given a password, the first administrator `alice` has it. */
  readonly accounts?: true | string;
  /** Providers and a directory, over the real door. */
  readonly signIn?: SignInSettings;
  /** Key of the house; opens a database. */
  readonly apiKey?: string;
  readonly defaultLabel?: Label;
  /** Finds personal data, for places that may have none; needs `conversations`. */
  readonly detector?: Detector;
  /** Whether what it finds marks what is sent. */
  readonly detectorMarks?: boolean;
  /** Opens a database and its conversations; without it they answer `database_unavailable`. */
  readonly conversations?: boolean;
  /** Who asks, instead of its own. Without a database whoever asks from this machine is the owner. */
  readonly identity?: GatewayRooms['identity'];
  readonly answerTokens?: number;
  readonly embeddingEncoding?: 'asked' | 'float';
  /** Who outside confirms the log; nobody without it. */
  readonly anchors?: AnchorSettings | ((audit: Pick<Audit, 'publicKey'>) => Promise<AnchorSettings>);
  /** Rooms to take instead of its own. */
  readonly rooms?: Partial<GatewayRooms>;
  /** How long a run goes on without a reader. */
  readonly graceMs?: number;
}

const noAnchors: AnchorSettings = {
  auditWitnesses: '',
  auditTimestampUrl: undefined,
  auditTimestampCaFile: undefined,
  auditTimestampEvery: 3_600_000,
};

/** A room whose database is away, but for what it has in memory. */
function closedRoom<Room extends object>(there: Partial<Room> = {}): Room {
  const refuse = (): never => {
    throw new IntramurosError('database_unavailable', 'The database does not answer.');
  };
  return new Proxy({} as Room, { get: (_room, name) => there[name as keyof Room] ?? refuse });
}

async function serve(
  rooms: Pick<UpstreamsOptions, 'database' | 'egress' | 'gate' | 'audit'> & { readonly home: string },
  inputs: readonly UpstreamInput[],
): Promise<Upstreams> {
  const secrets = openSecrets({ home: rooms.home });
  const upstreams = await openUpstreams({ ...rooms, secrets, clock: systemClock, log: silentLog() });
  for (const input of inputs) await upstreams.create(input, { personId: 'per_admin' });
  return upstreams;
}

/** Starts it on a free port. */
export async function openTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const home = await mkdtemp(join(tmpdir(), 'intramuros-gateway-'));
  const models = options.models ?? [
    describeModel('echo', ['chat', 'completion']),
    describeModel('org/echo:small', ['chat', 'completion']),
    describeModel('vectors', ['embedding']),
  ];
  const engine = openEchoEngine({ models: models.map(({ id }) => id), ...options.engine });
  const log = options.log ?? silentLog();
  const isReal = options.conversations || options.accounts || options.apiKey !== undefined;
  if (isReal) await copyDatabase(home);
  const database = isReal ? await openDatabase({ home, log }) : undefined;
  const reach = () => ({ outside: [], offline: true, bytesSent: 0, bytesReceived: 0 });
  const library = openMemoryLibrary(models);
  const keyring = database && (await openTestKeyring(database, home));
  const conversations =
    database && keyring
      ? await openConversations({
          database,
          keyring,
          log,
          ...(options.defaultLabel && { defaultLabel: options.defaultLabel }),
        })
      : closedRoom<ConversationRoom>({ of: () => closedRoom<Conversations>() });
  const metrics = openMetrics({ engine, reach });
  const { gate, audit, policy, ...decided } = openTestGate(home);
  const opened = new AsyncDisposableStack();
  const verify = (clearance: Clearance): boolean => gate.verify(clearance);
  const egress = opened.use(
    openEgress({ offline: !options.serves && !options.signIn, log, clock: systemClock, verify }),
  );
  const accounts =
    isReal && database && options.identity === undefined
      ? opened.use(await openIdentity({ database, audit, log, houseKey: options.apiKey, passwordLogN: 4, everyMs: 50 }))
      : undefined;
  const identity = accounts ?? options.identity ?? ownerIdentity();
  identity.whenTakenOver(async (on, personId) => void (await conversations.adopt('local', personId, on)));
  identity.whenRemoved(async (on, personId) => void (await conversations.forget(personId, on)));
  if (typeof options.accounts === 'string') await identity.setUp({ name: 'alice', password: options.accounts });
  const signIn = openSignIn({ settings: options.signIn ?? { providers: [], directory: undefined }, egress });
  const upstreams =
    (options.serves || options.upstreams) && database
      ? opened.use(await serve({ database, egress, gate, audit, home }, options.serves ?? []))
      : closedRoom<Upstreams>(noUpstreams);
  const { detector } = options;
  const commitments = openCommitments(keyring, { machine: machineOf(audit) });
  const answers = openAnswers({
    engine,
    library,
    conversations,
    gate,
    quotas: identity.quotas,
    upstreams,
    embedded: () => embeddedPlace,
    commitments,
    bytesOf: (decisionId) => egress.bytesOf(decisionId),
    log,
    ...(detector && database && keyring
      ? {
          personal: {
            detector: () => detector,
            marks: options.detectorMarks ?? false,
            vaults: openVaults({ database, keys: keyring, log }),
          },
        }
      : {}),
    ...(options.defaultLabel && { defaultLabel: options.defaultLabel }),
    onStep: metrics.step,
  });
  const runs = openRuns({ answers, log, graceMs: options.graceMs ?? 15_000 });
  const evidence = opened.use(
    openEvidence({
      ...{ database: database ?? closedRoom<Database>(), keyring: keyring ?? closedRoom<Keyring>(), identity, runs },
      readsOf: (personId) => rooms.governance.proposals.readsOf(personId),
      ...{ home, audit, egress, conversations, commitments, version: '0.0.0-test', clock: systemClock, log },
      settings: typeof options.anchors === 'function' ? await options.anchors(audit) : (options.anchors ?? noAnchors),
      shown: () => new Map([['host', '127.0.0.1']]),
      places: () => [embeddedPlace, ...upstreams.models().map(({ destination }) => destination)],
      hasAccounts: () => identity.mode === 'accounts',
    }),
  );
  let gateway: Gateway | undefined;
  const rooms: GatewayRooms = {
    identity,
    signIn,
    engine,
    models: library,
    conversations,
    answers,
    runs,
    upstreams,
    audit,
    evidence,
    optimize: async function* optimize() {
      yield { type: 'done', tuned: undefined };
    },
    backup: (how) => backupHere({ home, database, log, ...how }),
    reach,
    egress: openEgressHouse({
      egress,
      audit,
      log,
      clock: systemClock,
      databaseKind: 'pglite',
    }),
    governance: database
      ? await openGovernance({
          ...{ database, policy, audit, log, conversations, upstreams, identity },
          clock: systemClock,
          embedded: () => embeddedPlace,
          defaultLabel: internalLabel,
        })
      : {
          ...{ policy, audit, proposals: closedRoom<Proposals>(), defaultLabel: internalLabel },
          ...{ places: () => [embeddedPlace], subject: () => undefined, now: () => Date.now() },
        },
    aliases: openAliases(options.aliases ?? {}),
    metrics,
    house: {
      version: '0.0.0-test',
      startedAt: Date.now(),
      language: 'auto',
      defaultModel: undefined,
      answerTokens: options.answerTokens ?? 0,
      embeddingEncoding: options.embeddingEncoding ?? 'asked',
      address: () => gateway?.address ?? '',
      settings: () => [],
      setup: () => ({ state: 'ready' }),
    },
  };
  Object.assign(rooms, options.rooms);
  const close = async (): Promise<void> => {
    await gateway?.close();
    await runs.close();
    await engine.close();
    await opened.disposeAsync();
    await database?.close();
    await decided[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  };
  const hasHouseKey = options.apiKey !== undefined;
  try {
    gateway = await openGateway({ host: '127.0.0.1', port: 0, replies: 'always', ...options, hasHouseKey, rooms, log });
  } catch (error) {
    await close();
    throw error;
  }
  const { address } = gateway;
  return {
    address,
    engine,
    rooms,
    gate,
    audit,
    accounts,
    home,
    close,
    ask: (path, { method, body, headers, signal } = {}) =>
      fetch(`${address}${path}`, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(signal ? { signal } : {}),
      }),
    [Symbol.asyncDispose]: close,
  };
}
