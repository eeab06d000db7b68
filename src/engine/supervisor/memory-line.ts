import { IntramurosError } from '../../base/index.ts';
import { freeForModels, givenBack, type MemoryRoom } from './memory-room.ts';
import type { ModelSlot } from './model-slot.ts';

/** However it is told, memory is looked at again after that long: other programs take and give it too. */
const lookAgainMs = 500;

/**
 * Loads that wait until models in use have ended what they do, first come first served. The models that have to go for the
 * first of them take no new requests meanwhile: those wait in their turn, so that no model is starved by a busy one.
 */
export class MemoryLine {
  readonly #room: () => MemoryRoom;
  readonly #waiting: ModelSlot[] = [];
  #freed = Promise.withResolvers<void>();

  constructor(room: () => MemoryRoom) {
    this.#room = room;
  }

  /** Something ended: whoever waits looks again. */
  freed(): void {
    this.#freed.resolve();
    this.#freed = Promise.withResolvers<void>();
  }

  /** Whether a load waits behind another: it does not try before that one. */
  isBehind(slot: ModelSlot): boolean {
    return this.#waiting.indexOf(slot) > 0;
  }

  /** Models that would make place for `slot` if they ended what they do; undefined where even that is too little. */
  victims(slot: ModelSlot, neededBytes: number): readonly ModelSlot[] | undefined {
    const room = this.#room();
    const others = room.slots
      .filter((other) => other !== slot && !other.pinned && other.process && !this.#waiting.includes(other))
      .sort((a, b) => Number(b.isIdle) - Number(a.isIdle) || a.lastUsedAt - b.lastUsedAt);
    let free = freeForModels(room);
    const victims: ModelSlot[] = [];
    for (const other of others) {
      if (free >= neededBytes) break;
      free += Math.max(givenBack(room, other), other.state === 'loading' ? other.predictedBytes : 0);
      victims.push(other);
    }
    return free >= neededBytes ? victims : undefined;
  }

  /**
   * Waits until something ended, the slot changed or time passed, and tells the slot how many are before it.
   * @param victims models that have to go; only those for the first in line stop taking requests.
   */
  async wait(slot: ModelSlot, victims: readonly ModelSlot[]): Promise<void> {
    if (!this.#waiting.includes(slot)) this.#waiting.push(slot);
    const earlier = this.#waiting.slice(0, this.#waiting.indexOf(slot));
    if (earlier.length === 0) for (const victim of victims) if (!victim.isIdle) victim.makesWayFor(slot);
    const before = new Set([...earlier, ...victims]);
    slot.tellAhead([...before].reduce((sum, { holders }) => sum + holders, 0));
    const timer = Promise.withResolvers<void>();
    const handle = setTimeout(timer.resolve, lookAgainMs);
    const never = new AbortController().signal;
    await Promise.race([this.#freed.promise, slot.changed(never), timer.promise]);
    clearTimeout(handle);
  }

  /** The load goes on, or is given up. */
  leave(slot: ModelSlot): void {
    const at = this.#waiting.indexOf(slot);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    slot.tellAhead(undefined);
    for (const other of this.#room().slots) if (other.waysFor === slot) other.makesWayFor(undefined);
    this.freed();
  }
}

/** Refuses one more where as many wait as may. */
export function throwIfFull(slot: ModelSlot, queueLimit: number): void {
  const waits = slot.ahead !== undefined || slot.waysFor !== undefined;
  const queued = slot.waysFor === undefined ? slot.holders : slot.parked;
  if (!waits || queued < queueLimit) return;
  throw new IntramurosError(
    'queue_full',
    `${queued} requests wait for model "${slot.id}" already and no more may. Try again in a moment, or raise queueLimit.`,
    { facts: { model: slot.id, queued, queueLimit } },
  );
}
