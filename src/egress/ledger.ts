import type { Socket } from 'node:net';
import type { EgressTotal } from './types.ts';

interface Row {
  readonly purpose: string;
  readonly destination: string;
  readonly loopback: boolean;
  connections: number;
  sentBytes: number;
  receivedBytes: number;
  readonly open: Set<Socket>;
}

/** Counts what really passed the sockets, TLS and headers included, by purpose and destination. */
export class Ledger {
  readonly #rows = new Map<string, Row>();

  /** Counts a socket from now to its end. */
  watch(socket: Socket, purpose: string, destination: string, loopback: boolean): void {
    const row = this.#row(purpose, destination, loopback);
    row.connections += 1;
    row.open.add(socket);
    socket.once('close', () => {
      row.open.delete(socket);
      row.sentBytes += socket.bytesWritten;
      row.receivedBytes += socket.bytesRead;
    });
  }

  /** Counts what a client that dials by itself said it received. */
  add(purpose: string, destination: string, receivedBytes: number): void {
    const row = this.#row(purpose, destination, false);
    row.connections += 1;
    row.receivedBytes += receivedBytes;
  }

  totals(): EgressTotal[] {
    return [...this.#rows.values()].map(({ open, ...row }) => ({
      ...row,
      sentBytes: row.sentBytes + sum(open, (socket) => socket.bytesWritten),
      receivedBytes: row.receivedBytes + sum(open, (socket) => socket.bytesRead),
    }));
  }

  #row(purpose: string, destination: string, loopback: boolean): Row {
    const key = `${purpose}\n${destination}`;
    let row = this.#rows.get(key);
    if (!row) {
      row = { purpose, destination, loopback, connections: 0, sentBytes: 0, receivedBytes: 0, open: new Set() };
      this.#rows.set(key, row);
    }
    return row;
  }
}

function sum(sockets: ReadonlySet<Socket>, of: (socket: Socket) => number): number {
  let total = 0;
  for (const socket of sockets) total += of(socket);
  return total;
}
