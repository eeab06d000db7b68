import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAudit, readRetention } from './audit/index.ts';
import {
  IntramurosError,
  openLog,
  type ResolvedSettings,
  removeConsoleToken,
  settingsSchema,
  systemClock,
  writeConsoleToken,
} from './base/index.ts';
import { openConversations } from './conversations/index.ts';
import { type Egress, type Guard, openEgress, openEgressHouse, runCommand } from './egress/index.ts';
import { openEngine, thisMachine } from './engine/index.ts';
import { markOfAccount, removeErasedAccounts } from './erased-accounts.ts';
import { machineOf, openEvidence } from './evidence/index.ts';
import { openAnswers, openCommitments, openRuns } from './flows/index.ts';
import {
  type AliasBook,
  openAliases,
  openGateway,
  openMetrics,
  type Reach,
  type ShownSetting,
} from './gateway/index.ts';
import { openGovernance } from './governance.ts';
import { openIdentity } from './identity/index.ts';
import { openKeyring, type RunProgram } from './keyring/index.ts';
import { openModelLibrary } from './models/index.ts';
import { type Detector, openDetector, openVaults } from './personal/index.ts';
import { type Clearance, type Destination, type Label, openGate, openPolicy, parseLabel } from './policy/index.ts';
import { openSignIn, readSignInSettings } from './signin/index.ts';
import { backupHere, openDatabase, openGatewayBeat, openSecrets } from './store/index.ts';
import { openTuner } from './tuner.ts';
import { openUpstreams } from './upstreams/index.ts';
import { version } from './version.ts';

export interface StartOptions {
  readonly home: string;
  readonly resolved: ResolvedSettings;
  readonly signal?: AbortSignal;
  /** The guard of this process, when it was installed. */
  readonly guard?: Guard;
}

/** A whole installation that listens. */
export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:8420` */
  readonly address: string;
  readonly aliases: AliasBook;
  close(): Promise<void>;
}

/**
 * Builds the rooms, hands each what it needs, and listens. When one cannot open, those before it are closed again.
 * @throws {IntramurosError} in the words of the room that could not open.
 */
export async function startServer({ home, resolved, signal, guard }: StartOptions): Promise<RunningServer> {
  signal?.throwIfAborted();
  const { settings } = resolved;
  const log = openLog({ level: settings.logLevel });
  const clock = systemClock;
  await using opened = new AsyncDisposableStack();
  makeHome(home);
  const apiKey = readApiKey(settings.apiKeyFile);
  const database = opened.use(
    await openDatabase({ home, databaseUrl: settings.databaseUrl, log, ...(signal ? { signal } : {}) }),
  );
  const defaultLabel = readDefaultLabel(settings.defaultLabel);
  const run: RunProgram = (program) => runCommand({ ...program, purpose: 'house-key' });
  const keyring = opened.use(await openKeyring({ database, home, settings, log, clock, run }));
  const retention = readRetention(settings.auditRetention, settings.auditRetentionMotive);
  const audit = opened.use(openAudit({ home, log, clock, keyFile: settings.auditKeyFile, keyring, retention }));
  const identity = opened.use(await openIdentity({ database, audit, log, clock, houseKey: apiKey }));
  const fourEyes = (): boolean => identity.mode === 'accounts';
  const policy = opened.use(openPolicy({ home, audit, clock, log, fourEyes }));
  const gate = openGate({ policy, audit, clock, log });
  const verify = (clearance: Clearance): boolean => gate.verify(clearance);
  const egress = opened.use(
    openEgress({ offline: settings.offline, proxy: settings.proxy, home, database, log, clock, verify }),
  );
  const secrets = openSecrets({ home, file: settings.secretsKeyFile });
  const upstreams = opened.use(await openUpstreams({ database, secrets, egress, gate, audit, clock, log }));
  const egressHouse = opened.use(
    openEgressHouse({
      egress,
      audit,
      guard,
      databaseKind: database.kind,
      ownPorts: databasePorts(settings.databaseUrl),
      log,
      clock,
    }),
  );
  const signIn = openSignIn({ settings: readSignInSettings(home), egress, clock });
  const library = await openModelLibrary({ home, egress, settings, log });
  const engine = opened.use(openEngine({ library, settings, log, clock }));
  const beat = opened.use(await openGatewayBeat({ database, home, log }));
  const conversations = await openConversations({ database, keyring, log, clock, defaultLabel, gateway: beat.id });
  beat.onBeat(() => conversations.interruptDead());
  identity.whenTakenOver(async (on, personId) => {
    await conversations.adopt('local', personId, on);
  });
  identity.whenRemoved(async (on, personId) => {
    await conversations.forget(personId, on);
    await keyring.destroy([personId, markOfAccount(personId)], on);
  });
  await removeErasedAccounts(identity, keyring, log);
  const reach = (): Reach => reachOf(egress);
  const decisions = (): Record<string, number> => ({
    allowed: gate.totals.allowed,
    denied: gate.totals.denied,
    disagreements: gate.totals.disagreements,
    without_policy: gate.totals.withoutPolicy,
    without_record: gate.totals.withoutRecord,
    policy_failing: policy.state.state === 'in-force' ? 0 : 1,
    record_failing: audit.failure === undefined ? 0 : 1,
  });
  const metrics = openMetrics({ engine, reach, decisions });
  const here = embeddedPlace(settings.enclave, clock.now());
  let detector: Detector | undefined;
  const commitments = openCommitments(keyring, { machine: machineOf(audit) });
  const answers = openAnswers({
    engine,
    library,
    conversations,
    gate,
    quotas: identity.quotas,
    upstreams,
    embedded: () => here,
    log,
    clock,
    commitments,
    bytesOf: (decisionId) => egress.bytesOf(decisionId),
    personal: {
      detector: () => (detector ??= openDetector()),
      marks: settings.detectPersonalData === 'label',
      vaults: openVaults({ database, keys: keyring, log }),
    },
    defaultModel: settings.defaultModel,
    defaultLabel,
    onStep: metrics.step,
  });
  const governance = await openGovernance({
    database,
    policy,
    audit,
    clock,
    log,
    conversations,
    upstreams,
    embedded: () => here,
    defaultLabel,
    identity,
  });
  const runs = opened.use(openRuns({ answers, log, graceMs: settings.streamGrace, clock }));
  const evidence = opened.use(
    openEvidence({
      home,
      audit,
      egress,
      database,
      keyring,
      identity,
      runs,
      readsOf: (personId) => governance.proposals.readsOf(personId),
      conversations,
      commitments,
      settings,
      shown: () => new Map(shownSettings(resolved).map(({ name, value }) => [name, settingText(value)])),
      places: () => governance.places(),
      hasAccounts: () => identity.mode === 'accounts',
      version,
      clock,
      log,
    }),
  );
  const tuner = opened.use(
    openTuner({
      home,
      library,
      engine,
      threads: settings.threads || thisMachine.computeThreads,
      log,
      clock,
      automatic: settings.optimize === 'on',
    }),
  );
  signal?.throwIfAborted();
  const aliases = openAliases(settings.modelAliases);
  const onConsole = once(() =>
    audit.note({ kind: 'identity', actor: 'local', data: { what: 'console.used', pid: process.pid } }),
  );
  const consoleToken = writeConsoleToken(home);
  opened.defer(() => removeConsoleToken(home, consoleToken));
  let address = '';
  const gateway = await openGateway({
    host: settings.host,
    port: settings.port,
    hasHouseKey: apiKey !== undefined,
    consoleToken,
    onConsole,
    allowedHosts: listOf(settings.allowedHosts),
    publicUrl: settings.publicUrl,
    trustedProxies: listOf(settings.trustedProxies),
    bodyLimitBytes: settings.bodyLimit,
    pageFolder: join(import.meta.dirname, '..', 'web', 'dist'),
    log,
    rooms: {
      identity,
      signIn,
      engine,
      models: library,
      upstreams,
      conversations,
      answers,
      runs,
      audit,
      evidence,
      optimize: tuner.optimize,
      backup: (how) => backupHere({ home, database, log, ...how }),
      reach,
      egress: egressHouse,
      governance,
      aliases,
      metrics,
      house: {
        version,
        startedAt: clock.now(),
        language: settings.language,
        defaultModel: settings.defaultModel,
        answerTokens: settings.answerTokens,
        embeddingEncoding: settings.embeddingEncoding,
        address: () => address,
        settings: () => shownSettings(resolved),
        setup: () => ({ state: 'ready' }),
      },
    },
  });
  address = gateway.address;
  opened.defer(() => gateway.close());
  const rooms = opened.move();
  log.info({ address, home, version }, 'listening');
  const close = (): Promise<void> => rooms.disposeAsync();
  return { address, aliases, close, [Symbol.asyncDispose]: close };
}

/** The first call alone does the work. */
const once = (work: () => void): (() => void) => {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
};

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** The port of a PostgreSQL server, which the store dials itself. */
function databasePorts(databaseUrl: string | undefined): number[] {
  if (databaseUrl === undefined || !URL.canParse(databaseUrl)) return [];
  return [Number(new URL(databaseUrl).port || 5432)];
}

function makeHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new IntramurosError(
      'data_directory_not_writable',
      `The data directory ${home} cannot be made (${(error as NodeJS.ErrnoException).code}). Correct its rights or choose another INTRAMUROS_HOME.`,
      { cause: error, facts: { path: home, reason: (error as NodeJS.ErrnoException).code ?? 'unknown' } },
    );
  }
}

/** The engine of this very process, as policy sees it. */
function embeddedPlace(enclave: boolean, now: number): Destination {
  return {
    id: 'embedded',
    title: 'Intramuros',
    tier: 'embedded',
    country: undefined,
    operatorCountry: undefined,
    extraEuExposure: false,
    secnumcloud: undefined,
    hds: undefined,
    retentionDays: 0,
    trainsOnData: false,
    dpaRef: undefined,
    enclave,
    declaredBy: 'system',
    declaredAt: new Date(now).toISOString(),
  };
}

function readDefaultLabel(text: string): Label {
  try {
    return parseLabel(text, 'defaultLabel');
  } catch (error) {
    const words = `Setting "defaultLabel": ${(error as Error).message}`;
    throw new IntramurosError('config_invalid', words, { cause: error, facts: { setting: 'defaultLabel' } });
  }
}

/** First line of the key file. */
function readApiKey(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  let key: string | undefined;
  try {
    key = readFileSync(path, 'utf8').split('\n')[0]?.trim();
  } catch (error) {
    throw new IntramurosError(
      'config_invalid',
      `The API key file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}). Correct the setting "apiKeyFile" or the file's rights.`,
      { cause: error },
    );
  }
  if (key) return key;
  throw new IntramurosError(
    'config_invalid',
    `The first line of the API key file ${path} is empty. Write the key there.`,
  );
}

function reachOf(egress: Egress): Reach {
  const beyond = egress.totals().filter(({ loopback }) => !loopback);
  return {
    outside: [...new Set(beyond.map(({ destination }) => destination))],
    offline: egress.offline,
    bytesSent: beyond.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    bytesReceived: beyond.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0),
  };
}

const settingText = (value: ShownSetting['value']): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Settings as they may be shown: a database address holds a password. */
function shownSettings({ settings, origins }: ResolvedSettings): readonly ShownSetting[] {
  return Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const value = settings[name as keyof typeof settings];
    const secret = name === 'databaseUrl' && value !== undefined;
    const finite = typeof value === 'number' && !Number.isFinite(value) ? 'forever' : value;
    return {
      name,
      value: secret ? '(set, not shown)' : (finite ?? null),
      origin: origins[name] ?? 'default',
      description: schema.meta()?.description ?? '',
    };
  });
}
