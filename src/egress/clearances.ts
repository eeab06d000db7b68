import type { Clock } from '../base/index.ts';
import type { Clearance } from '../policy/index.ts';
import { normalHost } from './addresses.ts';
import type { RefusalReason } from './refusal.ts';

interface Use {
  sentBytes: number;
  readonly expiresAt: number;
}

const sweepEvery = 256;

/** Checks clearances at the socket and counts what each has sent against its limit. */
export class Clearances {
  readonly #verify: ((clearance: Clearance) => boolean) | undefined;
  readonly #clock: Clock;
  readonly #uses = new Map<string, Use>();

  constructor(verify: ((clearance: Clearance) => boolean) | undefined, clock: Clock) {
    this.#verify = verify;
    this.#clock = clock;
  }

  /** Takes `bytes` of a clearance for an address, or says why not. */
  use(
    clearance: Clearance,
    at: string,
    bytes: number,
  ): { readonly reason: RefusalReason; readonly words: string } | undefined {
    if (this.#verify?.(clearance) !== true || clearance.expiresAt <= this.#clock.now()) {
      return { reason: 'clearance', words: 'its clearance is not valid here, or no longer' };
    }
    if (!clearance.addresses.some((address) => address === at || normalAddress(address) === at)) {
      return { reason: 'clearance', words: `its clearance is for ${clearance.addresses.join(', ') || 'no address'}` };
    }
    const use = this.#uses.get(clearance.decisionId) ?? { sentBytes: 0, expiresAt: clearance.expiresAt };
    if (use.sentBytes + bytes > clearance.mostBytes) {
      const words = `${use.sentBytes + bytes} bytes would be sent, its clearance is for ${clearance.mostBytes}`;
      return { reason: 'limit', words };
    }
    use.sentBytes += bytes;
    this.#uses.set(clearance.decisionId, use);
    if (this.#uses.size % sweepEvery === 0) this.#sweep();
    return undefined;
  }

  #sweep(): void {
    const now = this.#clock.now();
    // They stand in the order of their first use, which is that of their ends but for moments: what follows one that holds, holds.
    for (const [id, use] of this.#uses) {
      if (use.expiresAt > now) return;
      this.#uses.delete(id);
    }
  }
}

/** `host:port` with its host in the normal form. */
function normalAddress(address: string): string {
  const colon = address.lastIndexOf(':');
  return `${normalHost(address.slice(0, colon)) ?? ''}:${address.slice(colon + 1)}`;
}
