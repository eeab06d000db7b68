import type { Socket } from 'node:net';
import { type Clock, isoTime, newId } from '../base/index.ts';
import { addressKind } from './addresses.ts';
import type { EgressConnection, EgressTotal } from './types.ts';

export type LedgerFacts = Pick<EgressConnection, 'purpose' | 'decisionId' | 'destinationId' | 'host' | 'port'> & {
  readonly loopback: boolean;
};

export interface LedgerQuery {
  readonly limit?: number;
  readonly decisionId?: string;
  /** Rows older than this id. */
  readonly before?: string;
}

const mostRows = 10_000;
const mostDecisions = 20_000;

interface Sum {
  readonly purpose: string;
  readonly destination: string;
  readonly loopback: boolean;
  connections: number;
  sentBytes: number;
  receivedBytes: number;
}

/** One connection or refusal. What is shown and kept of it are its fields; whose sums its bytes belong to is its own. */
export class LedgerRow implements EgressConnection {
  readonly id = newId('egr');
  readonly at: string;
  readonly purpose: string;
  readonly decisionId: string | null;
  readonly destinationId: string | null;
  readonly host: string;
  readonly port: number;
  address: string | null = null;
  refused: string | null;
  sentBytes = 0;
  receivedBytes = 0;
  durationMs: number | null = null;
  #sum: Sum | undefined;
  #allowed: string | undefined;

  constructor(facts: LedgerFacts, atMs: number, refused: string | null) {
    this.at = isoTime(atMs);
    this.purpose = facts.purpose;
    this.decisionId = facts.decisionId;
    this.destinationId = facts.destinationId;
    this.host = facts.host;
    this.port = facts.port;
    this.refused = refused;
  }

  belongTo(sum: Sum, allowed: string | undefined): void {
    this.#sum = sum;
    this.#allowed = allowed;
  }

  /** A decision or an entry of the allow-list says why. */
  get isExplained(): boolean {
    return this.decisionId !== null || this.#allowed !== undefined;
  }

  count(sent: number, received: number): void {
    this.sentBytes += sent;
    this.receivedBytes += received;
    if (this.#sum === undefined) return;
    this.#sum.sentBytes += sent;
    this.#sum.receivedBytes += received;
  }
}

/**
 * Counts what really passed the sockets, TLS and headers included, by purpose, destination and decision. A connection that
 * serves several requests gives each byte to the request that held it then, so that the sums agree to the byte.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #sums = new Map<string, Sum>();
  readonly #decisions = new Map<string, { sentBytes: number; receivedBytes: number }>();
  readonly #meters = new Set<Meter>();
  /** Changed since they were last taken for keeping; undefined when nobody keeps them. */
  #changed: Set<LedgerRow> | undefined;
  #rows: LedgerRow[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new dial; `allowed` owns the entry of the allow-list that let it pass. */
  open(facts: LedgerFacts, allowed?: string): LedgerRow {
    const row = this.#add(facts, null);
    const sum = this.#sum(facts.purpose, `${facts.host}:${facts.port}`, facts.loopback);
    sum.connections += 1;
    row.belongTo(sum, allowed);
    return row;
  }

  refuse(facts: LedgerFacts, why: string): void {
    this.#add(facts, why).durationMs = 0;
  }

  finish(row: LedgerRow): void {
    row.durationMs ??= Math.max(0, this.#clock.now() - Date.parse(row.at));
    this.#changed?.add(row);
  }

  /** Hands out, from now on, what changed since the last time, for keeping. */
  takeChanged(): LedgerRow[] {
    this.settle();
    const rows = [...(this.#changed ?? [])];
    this.#changed = new Set();
    return rows;
  }

  /** Gives back what could not be kept. */
  putBack(rows: readonly LedgerRow[]): void {
    this.#changed = new Set([...rows, ...(this.#changed ?? [])].slice(-mostRows));
  }

  /** Bytes to other machines that neither a decision nor an entry of the allow-list explains. */
  get unexplainedBytes(): number {
    this.settle();
    return this.#unexplainedBytes;
  }
  #unexplainedBytes = 0;

  /** Counts a socket from now to its end; what it has carried already counts too. */
  meter(socket: Socket, row: LedgerRow): Meter {
    const isHere = addressKind(socket.remoteAddress ?? '') === 'loopback';
    const meter = new Meter(socket, row, (held, sent, received) => {
      this.#count(held, sent, received);
      if (!isHere && !held.isExplained) this.#unexplainedBytes += sent + received;
    });
    this.#meters.add(meter);
    socket.once('close', () => {
      meter.settle();
      this.#meters.delete(meter);
    });
    return meter;
  }

  /** Counts what a client that dials by itself said it received. */
  add(purpose: string, destination: string, receivedBytes: number): void {
    const sum = this.#sum(purpose, destination, false);
    sum.connections += 1;
    sum.receivedBytes += receivedBytes;
    const facts = { purpose, decisionId: null, destinationId: null, host: destination, port: 0, loopback: false };
    const row = this.#add(facts, null);
    row.receivedBytes = receivedBytes;
    row.durationMs = 0;
  }

  totals(): EgressTotal[] {
    this.settle();
    return [...this.#sums.values()].map((sum) => ({ ...sum }));
  }

  bytesOf(decisionId: string): { readonly sentBytes: number; readonly receivedBytes: number } {
    for (const meter of this.#meters) if (meter.decisionId === decisionId) meter.settle();
    return { ...(this.#decisions.get(decisionId) ?? { sentBytes: 0, receivedBytes: 0 }) };
  }

  connections({ limit = 100, decisionId, before }: LedgerQuery = {}): EgressConnection[] {
    this.settle();
    const fits = (row: LedgerRow): boolean =>
      (decisionId === undefined || row.decisionId === decisionId) && (before === undefined || row.id < before);
    return this.#rows
      .filter(fits)
      .slice(-limit)
      .reverse()
      .map((row): EgressConnection => ({ ...row }));
  }

  /** Takes the bytes of open connections into the sums. */
  settle(): void {
    for (const meter of this.#meters) meter.settle();
  }

  #count(row: LedgerRow, sent: number, received: number): void {
    row.count(sent, received);
    this.#changed?.add(row);
    if (row.decisionId === null) return;
    const decision = this.#decisions.get(row.decisionId) ?? { sentBytes: 0, receivedBytes: 0 };
    decision.sentBytes += sent;
    decision.receivedBytes += received;
    this.#decisions.delete(row.decisionId);
    this.#decisions.set(row.decisionId, decision);
    if (this.#decisions.size > mostDecisions) this.#decisions.delete(this.#decisions.keys().next().value ?? '');
  }

  #add(facts: LedgerFacts, refused: string | null): LedgerRow {
    const row = new LedgerRow(facts, this.#clock.now(), refused);
    this.#rows.push(row);
    this.#changed?.add(row);
    if (this.#rows.length > mostRows * 1.25) this.#rows = this.#rows.slice(-mostRows);
    return row;
  }

  #sum(purpose: string, destination: string, loopback: boolean): Sum {
    const key = `${purpose}\n${destination}`;
    let sum = this.#sums.get(key);
    if (!sum) {
      sum = { purpose, destination, loopback, connections: 0, sentBytes: 0, receivedBytes: 0 };
      this.#sums.set(key, sum);
    }
    return sum;
  }
}

/** Gives the bytes of one socket to whoever holds it. */
export class Meter {
  readonly socket: Socket;
  readonly #count: (row: LedgerRow, sent: number, received: number) => void;
  #row: LedgerRow;
  #sent = 0;
  #received = 0;

  constructor(socket: Socket, row: LedgerRow, count: (row: LedgerRow, sent: number, received: number) => void) {
    this.socket = socket;
    this.#row = row;
    this.#count = count;
  }

  get decisionId(): string | null {
    return this.#row.decisionId;
  }

  /** What passes from now on belongs to another row. */
  hold(row: LedgerRow): void {
    this.settle();
    this.#row = row;
  }

  settle(): void {
    const sent = this.socket.bytesWritten - this.#sent;
    const received = this.socket.bytesRead - this.#received;
    if (sent === 0 && received === 0) return;
    this.#sent += sent;
    this.#received += received;
    this.#count(this.#row, sent, received);
  }
}
