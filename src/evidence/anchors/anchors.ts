import type { X509Certificate } from 'node:crypto';
import type { Audit, Checkpoint } from '../../audit/index.ts';
import type { Clock, Logger } from '../../base/index.ts';
import type { Egress } from '../../egress/index.ts';
import { askAuthority, checkpointDigest } from '../timestamp/ask-authority.ts';
import { TimestampError, verifyToken } from '../timestamp/verify-token.ts';
import { allowEntryOf, anchorPurpose, openAnchorPost } from './post.ts';
import { AnchorFailure, type AnchorProblem } from './problem.ts';
import { findCosignature } from './verifier-key.ts';
import { askWitness, type Witness } from './witness.ts';

/** How far somebody outside vouches for the log. */
export type Standing = 'self-attested' | 'witnessed' | 'timestamped';

/** Somebody outside who is shown checkpoints, and what came of it. */
export interface AnchorState {
  readonly kind: 'witness' | 'timestamp';
  readonly name: string;
  readonly url: string;
  readonly state: 'ok' | 'waiting' | 'failing' | 'off';
  /** Records under the newest checkpoint that it confirmed. */
  readonly size: number | null;
  /** ISO time that it gives itself. */
  readonly at: string | null;
  readonly problem: AnchorProblem | null;
  readonly words: string | null;
  readonly triedAt: string | null;
  /** Failed since the last that did not. */
  readonly tries: number;
}

/** Shows checkpoints to witnesses and a timestamp authority, beside all other work. */
export interface Anchors extends AsyncDisposable {
  state(): readonly AnchorState[];
  /** By the newest checkpoint that anybody outside confirmed. */
  readonly standing: Standing;
  readonly anchoredSize: number;
  /** Verifier keys of the witnesses that are asked. */
  readonly witnessKeys: readonly string[];
  /** How many of them make a log witnessed: more than half. */
  readonly quorum: number;
  /** How far these confirmations of one checkpoint go. */
  standingOf(cosignatures: readonly string[], timestamps: readonly string[]): Standing;
  /** Asks all of them about the newest checkpoint now, and waits for what they say. */
  askNow(): Promise<void>;
  /** Waits for a round that is under way. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface AnchorsOptions {
  readonly audit: Pick<
    Audit,
    'append' | 'checkpoint' | 'consistency' | 'latest' | 'onCheckpoint' | 'cosign' | 'attachTimestamp' | 'size'
  >;
  readonly egress: Pick<Egress, 'fetch' | 'allow' | 'totals'>;
  readonly witnesses: readonly Witness[];
  readonly authority: { readonly url: string; readonly trusted: readonly X509Certificate[] } | undefined;
  /** Least time between two timestamps that nobody asked for. */
  readonly timestampEveryMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

type Known = { -readonly [K in keyof AnchorState]: AnchorState[K] };

const firstRetryMs = 5_000;
const longestRetryMs = 10 * 60_000;

/**
 * Opens the anchors. One round at a time: a new checkpoint during a round makes one more round. A failure is state and a
 * record, never an exception; it is tried again later, after ever longer. A checkpoint that holds nothing new but the
 * records of the last round is shown to nobody, so that a log in which nothing happens does not grow by its own proofs.
 */
export function openAnchors(options: AnchorsOptions): Anchors {
  const { audit, egress, witnesses, authority, timestampEveryMs, clock, log } = options;
  const states: Known[] = [...witnesses.map(toState), ...(authority ? [authorityState(authority.url)] : [])];
  const stop = new AbortController();
  const post = openAnchorPost(egress, stop.signal);
  let round: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = firstRetryMs;
  let shownSize = 0;
  let ownRecords = 0;
  let stampedAtMs = Number.NEGATIVE_INFINITY;

  if (states.length > 0)
    egress.allow(
      'anchors',
      states.map(({ url }) => allowEntryOf(url)),
    );
  recall(audit.latest);

  /** What was confirmed before this start is not forgotten. */
  function recall(latest: Checkpoint | undefined): void {
    if (!latest) return;
    for (const [at, { key }] of witnesses.entries()) {
      const found = findCosignature(latest.cosignatures, key, latest.note, clock.now());
      if (found) confirm(states[at], latest.size, found.atMs);
    }
    for (const token of authority ? latest.timestamps : []) {
      try {
        const digest = checkpointDigest(latest.note);
        const { atMs } = verifyToken(Buffer.from(token, 'base64'), { digest, trusted: authority?.trusted ?? [] });
        confirm(states.at(-1), latest.size, atMs);
      } catch (error) {
        if (!(error instanceof TimestampError)) throw error;
        log.warn({ reason: error.message }, 'a kept timestamp is not valid');
      }
    }
  }

  function confirm(state: Known | undefined, size: number, atMs: number): void {
    if (!state) return;
    Object.assign(state, { state: 'ok', problem: null, words: null, tries: 0, at: new Date(atMs).toISOString() });
    state.size = Math.max(state.size ?? 0, size);
  }

  /** One question to one anchor, with what it cost in bytes, on record. */
  async function ask(
    state: Known,
    work: () => Promise<{ readonly size: number; readonly atMs: number }>,
  ): Promise<void> {
    const before = bytesSoFar();
    state.triedAt = new Date(clock.now()).toISOString();
    let outcome: { readonly ok: boolean; readonly size?: number; readonly why: string };
    try {
      const { size, atMs } = await work();
      confirm(state, size, atMs);
      outcome = { ok: true, size, why: 'confirmed' };
    } catch (error) {
      if (stop.signal.aborted) return;
      const { problem, message } = toFailure(error);
      if (problem === 'inconsistent')
        log.error({ anchor: state.name, reason: message }, 'ALARM: an anchor contradicts this log');
      else if (state.problem !== problem)
        log.warn({ anchor: state.name, problem, reason: message }, 'an anchor failed');
      state.tries += 1;
      Object.assign(state, { state: problem === 'offline' ? 'off' : 'failing', problem, words: message });
      outcome = { ok: false, why: problem };
    }
    const after = bytesSoFar();
    const bytes = { sentBytes: after.sent - before.sent, receivedBytes: after.received - before.received };
    const { kind, name, url } = state;
    ownRecords += 1;
    await audit
      .append({ kind: 'anchor', actor: 'system', data: { anchor: kind, name, url, ...outcome, ...bytes } })
      .catch((error: unknown) => log.warn({ err: error }, 'what an anchor said could not be written down'));
  }

  function bytesSoFar(): { sent: number; received: number } {
    const mine = egress.totals().filter(({ purpose }) => purpose === anchorPurpose);
    return {
      sent: mine.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
      received: mine.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0),
    };
  }

  async function runRound(asked: boolean): Promise<void> {
    const newest = await audit.checkpoint();
    shownSize = newest.size;
    ownRecords = 0;
    for (const [at, witness] of witnesses.entries()) {
      const state = states[at];
      if (state && !stop.signal.aborted) await ask(state, () => witnessOne(witness, state));
    }
    const dated = states.find(({ kind }) => kind === 'timestamp');
    const due = asked || clock.now() - stampedAtMs >= timestampEveryMs;
    if (authority && dated && due && !stop.signal.aborted) await ask(dated, () => stampOne(authority, newest));
    scheduleRetry();
  }

  async function witnessOne(witness: Witness, state: Known) {
    const given = { from: state.size ?? 0, post, nowMs: () => clock.now() };
    const { line, atMs, size } = await askWitness(witness, audit, given);
    await audit.cosign(size, line);
    return { size, atMs };
  }

  async function stampOne(at: NonNullable<AnchorsOptions['authority']>, { note, size }: Checkpoint) {
    const { token, atMs } = await askAuthority(at.url, note, { post, trusted: at.trusted });
    await audit.attachTimestamp(size, token);
    stampedAtMs = clock.now();
    return { size, atMs };
  }

  function scheduleRetry(): void {
    clearTimeout(retry);
    retry = undefined;
    if (stop.signal.aborted) return;
    if (!states.some(({ state }) => state === 'failing' || state === 'off')) {
      retryMs = firstRetryMs;
      return;
    }
    retry = setTimeout(() => begin(false), retryMs).unref();
    retryMs = Math.min(retryMs * 2, longestRetryMs);
  }

  function isNew({ size }: Checkpoint): boolean {
    return size - shownSize > ownRecords;
  }

  function begin(asked: boolean): Promise<void> {
    round ??= runRound(asked)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) log.warn({ err: error }, 'checkpoints could not be shown to anybody');
      })
      .finally(() => {
        round = undefined;
        if (!stop.signal.aborted && audit.latest && isNew(audit.latest)) void begin(false);
      });
    return round;
  }

  const unsubscribe =
    states.length === 0
      ? () => {}
      : audit.onCheckpoint((checkpoint) => void (!round && isNew(checkpoint) && begin(false)));
  if (states.length > 0 && audit.size > 0) void begin(false);

  const quorum = Math.floor(witnesses.length / 2) + 1;
  const close = async (): Promise<void> => {
    stop.abort(new AnchorFailure('away', 'The server ends.'));
    clearTimeout(retry);
    unsubscribe();
    await round;
    egress.allow('anchors', []);
  };
  return {
    state: () => states.map((state) => ({ ...state })),
    get standing() {
      const confirmed = states.filter(({ size }) => size !== null);
      if (witnesses.length > 0 && confirmed.filter(({ kind }) => kind === 'witness').length >= quorum)
        return 'witnessed';
      return confirmed.some(({ kind }) => kind === 'timestamp') ? 'timestamped' : 'self-attested';
    },
    get anchoredSize() {
      return Math.max(0, ...states.map(({ size }) => size ?? 0));
    },
    witnessKeys: witnesses.map(({ key }) => key.text),
    quorum,
    standingOf(cosignatures, timestamps) {
      const names = new Set(cosignatures.map((line) => line.split(' ')[1]));
      const confirmed = witnesses.filter(({ key }) => names.has(key.name)).length;
      if (witnesses.length > 0 && confirmed >= quorum) return 'witnessed';
      return timestamps.length > 0 ? 'timestamped' : 'self-attested';
    },
    async askNow() {
      if (states.length === 0) return;
      await round;
      await begin(true);
    },
    settled: async () => void (await round),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function toState({ key, url }: Witness): Known {
  return { kind: 'witness', name: key.name, url, ...untried };
}

function authorityState(url: string): Known {
  return { kind: 'timestamp', name: new URL(url).host, url, ...untried };
}

const untried = {
  state: 'waiting',
  size: null,
  at: null,
  problem: null,
  words: null,
  triedAt: null,
  tries: 0,
} as const;

function toFailure(error: unknown): { readonly problem: AnchorProblem; readonly message: string } {
  if (error instanceof AnchorFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return { problem: 'broken', message };
}
