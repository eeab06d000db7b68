import type { Socket } from 'node:net';
import { Client } from 'undici';
import { type Dial, dial } from './dial.ts';
import type { Ledger, LedgerRow, Meter } from './ledger.ts';
import { isLoopback } from './loopback.ts';

const idleMs = 30_000;
const mostIdle = 256;

/** One HTTP connection that is kept: serves one request at a time, so that each byte has one owner. */
export class Line {
  readonly client: Client;
  readonly #ledger: Ledger;
  #to: Dial;
  #row: LedgerRow;
  #meter: Meter | undefined;
  /** Why the last dial failed, as it was thrown: undici wraps it. */
  fault: unknown;

  constructor(origin: string, to: Dial, row: LedgerRow, ledger: Ledger) {
    this.#to = to;
    this.#row = row;
    this.#ledger = ledger;
    this.client = new Client(origin, {
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      connect: (_options, done) => {
        this.#dial().then(
          (socket) => done(null, socket),
          (error: Error) => {
            this.fault = error;
            done(error, null);
          },
        );
      },
    });
  }

  /** The bytes from now on are the row's. */
  hold(to: Dial, row: LedgerRow): void {
    this.#to = to;
    this.#row = row;
    this.#meter?.hold(row);
    if (this.#meter) row.address = this.#meter.socket.remoteAddress ?? null;
  }

  settle(): void {
    this.#meter?.settle();
  }

  get leavesHere(): boolean {
    return !isLoopback(this.#to.host);
  }

  get isOpen(): boolean {
    return this.#meter !== undefined;
  }

  async #dial(): Promise<Socket> {
    const { socket } = await dial(this.#to, (raw) => {
      const meter = this.#ledger.meter(raw, this.#row);
      this.#meter = meter;
      if (!this.#to.mayUseProxy) this.#row.address = raw.remoteAddress ?? null;
      raw.once('close', () => {
        if (this.#meter === meter) this.#meter = undefined;
      });
    });
    return socket;
  }
}

/** Kept connections by origin and by what they are for. */
export class Lines {
  readonly #idle = new Map<string, Line[]>();
  readonly #all = new Set<Line>();
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** A line of the pool, which the caller owns until `giveBack` or `drop`. */
  take(key: string, origin: string, to: Dial, row: LedgerRow): Line {
    const idle = this.#idle.get(key);
    for (let line = idle?.pop(); line; line = idle?.pop()) {
      if (line.isOpen && !line.client.destroyed) {
        line.hold(to, row);
        return line;
      }
      this.drop(line);
    }
    const line = new Line(origin, to, row, this.#ledger);
    this.#all.add(line);
    return line;
  }

  giveBack(key: string, line: Line): void {
    line.settle();
    const idle = this.#idle.get(key) ?? [];
    if (!line.isOpen || idle.length >= mostIdle || !this.#all.has(line)) {
      this.drop(line);
      return;
    }
    idle.push(line);
    this.#idle.set(key, idle);
  }

  drop(line: Line): void {
    line.settle();
    this.#all.delete(line);
    void line.client.destroy();
  }

  /** Ends every connection, or those to other machines alone. */
  async close(which: 'all' | 'beyond' = 'all'): Promise<void> {
    const lines = [...this.#all].filter((line) => which === 'all' || line.leavesHere);
    for (const line of lines) this.#all.delete(line);
    await Promise.all(lines.map((line) => line.client.destroy()));
  }
}
