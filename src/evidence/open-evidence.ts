import { createHash, type X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rootCertificates } from 'node:tls';
import type { Audit, Checkpoint, InclusionProof } from '../audit/index.ts';
import { type Clock, IntramurosError, type Logger, type Settings } from '../base/index.ts';
import type { ConversationRoom } from '../conversations/index.ts';
import type { Egress } from '../egress/index.ts';
import { type Commitments, conversationsOf, type RunRoom } from '../flows/index.ts';
import type { Identity, Who } from '../identity/index.ts';
import type { Keyring } from '../keyring/index.ts';
import type { Destination } from '../policy/index.ts';
import type { Database } from '../store/index.ts';
import { type AnchorState, openAnchors, type Standing } from './anchors/anchors.ts';
import { readWitnesses } from './anchors/witness.ts';
import { type AnssiEvidence, anssiEvidence } from './anssi/anssi.ts';
import type { LiveFacts } from './anssi/row.ts';
import { type Article30, type ControllerFields, readArticle30, writeArticle30 } from './article-30/article-30.ts';
import { type ExportFormat, exportLog } from './export/export-log.ts';
import { type LogQuery, searchLog } from './log/search.ts';
import { openTally } from './log/tally.ts';
import { type LogVerification, verifyFolder } from './log/verify.ts';
import { type ErasureReceipt, eraseConversation, erasePerson } from './me/erase.ts';
import { exportPerson } from './me/export-person.ts';
import { type Held, type HeldParts, readHeld } from './me/held.ts';
import { anchorsOf, makeReceipt, type Receipt } from './receipts/receipt.ts';
import { readCertificates } from './timestamp/verify-token.ts';

export type AnchorSettings = Pick<
  Settings,
  'auditWitnesses' | 'auditTimestampUrl' | 'auditTimestampCaFile' | 'auditTimestampEvery'
>;

export interface EvidenceOptions {
  readonly home: string;
  readonly audit: Audit;
  readonly egress: Pick<Egress, 'fetch' | 'allow' | 'totals'>;
  readonly database: Database;
  readonly keyring: Keyring;
  readonly identity: Pick<Identity, 'keys' | 'sessions' | 'usage'>;
  readonly runs: RunRoom;
  /** What others did with a person's conversations, newest first. */
  readonly readsOf: HeldParts['readsOf'];
  readonly conversations: ConversationRoom;
  readonly commitments: Commitments;
  readonly settings: AnchorSettings;
  /** Values of all settings as they may be shown. */
  readonly shown: () => ReadonlyMap<string, string>;
  readonly places: () => readonly Destination[];
  readonly hasAccounts: () => boolean;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the log is, and who outside vouches for it. */
export interface LogStatus {
  readonly size: number;
  readonly origin: string;
  readonly publicKey: string;
  readonly failure: string | undefined;
  readonly checkpoint: Checkpoint | undefined;
  readonly standing: Standing;
  readonly anchoredSize: number;
  readonly anchors: readonly AnchorState[];
  readonly oldestAt: string | undefined;
  /** For which decisions are kept. */
  readonly retentionMonths: number;
}

/** A proof with what anchors said of its checkpoint. */
export interface AnchoredProof {
  readonly proof: InclusionProof;
  readonly cosignatures: readonly string[];
  readonly timestamps: readonly string[];
}

/** Proofs for those who trust nobody here: the log, its anchors, its exports, and what the house can show of itself. */
export interface Evidence extends AsyncDisposable {
  /** A stable pseudonym of this installation: it says nothing but that two things come from the same one. */
  readonly machine: string;
  status(): Promise<LogStatus>;
  search(query: LogQuery): ReturnType<typeof searchLog>;
  /** @throws {IntramurosError} `not_found`. */
  prove(seq: number): Promise<AnchoredProof>;
  /** Verifies the whole log, with the file that auditors use. */
  verify(options?: { readonly signal?: AbortSignal }): Promise<LogVerification>;
  /** Lines of the log, in pieces; the export is on record before the first. */
  export(what: {
    readonly by: string;
    readonly format: ExportFormat;
    readonly sinceMs?: number | undefined;
    readonly untilMs?: number | undefined;
  }): Promise<AsyncIterable<string>>;
  /** Asks all anchors about the newest checkpoint now. */
  anchor(): Promise<void>;
  anssi(): AnssiEvidence;
  /** The record of processing of GDPR, article 30. */
  article30(): Promise<Article30>;
  setArticle30(by: string, fields: ControllerFields): Promise<void>;
  /**
   * The receipt of an answer, for whoever owns it.
   * @throws {IntramurosError} `message_not_found`, also for somebody else's; `not_found` for a message that went nowhere.
   */
  receipt(who: Who, messageId: string): Promise<Receipt>;
  /** Everything that is held of a person, who else read it, and which models saw it. */
  held(who: Who): Promise<Held>;
  /** All of it as one JSON document, in pieces. */
  exportOf(who: Who): Promise<AsyncIterable<string>>;
  /** Erases all that a person said and was answered. */
  erase(who: Who): Promise<ErasureReceipt>;
  /** Erases one conversation. @throws {IntramurosError} `conversation_not_found`, also for somebody else's. */
  eraseConversation(who: Who, id: string): Promise<ErasureReceipt>;
}

/** A receipt waits so long for anchors that are being asked. */
const mostWaitMs = 3_000;

/** A pseudonym of an installation, made from the key of its log. */
export const machineOf = ({ publicKey }: Pick<Audit, 'publicKey'>): string =>
  `mach_${createHash('sha256').update(publicKey).digest('hex').slice(0, 24)}`;

/** Opens it. @throws {IntramurosError} `config_invalid` when a setting of the anchors is wrong. */
export function openEvidence(options: EvidenceOptions): Evidence {
  const { home, audit, egress, settings, clock, log, version } = options;
  const anchors = openAnchors({
    audit,
    egress,
    witnesses: readWitnesses(settings.auditWitnesses),
    authority: readAuthority(settings),
    timestampEveryMs: settings.auditTimestampEvery,
    clock,
    log,
  });
  const machine = machineOf(audit);
  const tally = openTally(audit);
  const room = options.conversations;
  const settled = (): Promise<void> => Promise.race([anchors.settled(), sleep(mostWaitMs, undefined, { ref: false })]);
  const live = (): LiveFacts => ({
    settings: options.shown(),
    destinations: options.places(),
    accounts: options.hasAccounts(),
  });
  return {
    machine,
    async status() {
      const { size, origin, publicKey, failure } = audit;
      const checkpoint = audit.latest;
      const { standing, anchoredSize } = anchors;
      const oldestAt = await oldestOf(audit);
      return {
        size,
        origin,
        publicKey,
        failure,
        checkpoint,
        standing,
        anchoredSize,
        anchors: anchors.state(),
        oldestAt,
        retentionMonths: audit.retention.months.decision,
      };
    },
    search: (query) => searchLog(audit, query),
    async prove(seq) {
      const proof = await audit.prove(seq);
      return { proof, ...anchorsOf(audit, proof.checkpoint) };
    },
    async verify({ signal } = {}) {
      await audit.checkpoint();
      const how = { key: audit.publicKey, ...(signal && { signal }) };
      return verifyFolder(join(home, 'audit'), how);
    },
    async export({ by, format, sinceMs, untilMs }) {
      const data = { what: 'audit.exported', format, sinceMs: sinceMs ?? null, untilMs: untilMs ?? null };
      await audit.append({ kind: 'export', actor: by, data });
      return exportLog(audit, { format, sinceMs, untilMs, house: { version, machine } });
    },
    anchor: () => anchors.askNow(),
    anssi: () => anssiEvidence(live(), clock.now()),
    article30: () => readArticle30({ ...options, tally }),
    setArticle30: (by, fields) => writeArticle30(options, by, fields),
    receipt(who, messageId) {
      const owner = { personId: who.personId, conversations: conversationsOf(options, who) };
      const { commitments } = options;
      const { witnessKeys: witnesses, standingOf } = anchors;
      return makeReceipt({ audit, commitments, witnesses, standingOf, settled }, owner, messageId);
    },
    held: (who) => readHeld({ ...options, tally }, who.personId),
    async exportOf(who) {
      await audit.append({ kind: 'export', actor: who.personId, data: { what: 'person.exported' } });
      const conversations = conversationsOf(options, who);
      return exportPerson({ ...options, tally, conversations, now: () => clock.now() }, who);
    },
    erase: ({ personId }) => erasePerson({ ...options, room }, { personId, runs: options.runs.of(personId) }),
    eraseConversation(who, id) {
      const { personId } = who;
      const owner = { personId, conversations: conversationsOf(options, who), runs: options.runs.of(personId) };
      return eraseConversation({ ...options, room }, owner, id);
    },
    [Symbol.asyncDispose]: () => anchors.close(),
  };
}

async function oldestOf(audit: Audit): Promise<string | undefined> {
  for await (const { at } of audit.read({ limit: 1 })) return at;
  return undefined;
}

function readAuthority({
  auditTimestampUrl: url,
  auditTimestampCaFile: file,
}: AnchorSettings): { readonly url: string; readonly trusted: readonly X509Certificate[] } | undefined {
  if (url === undefined) return undefined;
  const refuse = (why: string, cause?: unknown): never => {
    const words = `The setting "auditTimestampCaFile" names ${file}, which ${why}.`;
    throw new IntramurosError('config_invalid', words, { cause, facts: { setting: 'auditTimestampCaFile' } });
  };
  if (file === undefined) return { url, trusted: readCertificates(rootCertificates.join('\n')) };
  try {
    const trusted = readCertificates(readFileSync(file, 'utf8'));
    return trusted.length > 0 ? { url, trusted } : refuse('holds no certificate');
  } catch (error) {
    if (error instanceof IntramurosError) throw error;
    return refuse(`cannot be read (${(error as Error).message})`, error);
  }
}
