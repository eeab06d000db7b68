import type { Machine } from './machine.ts';
import type { ModelSlot } from './model-slot.ts';

/** Who shares the memory of this machine. */
export interface MemoryRoom {
  readonly slots: readonly ModelSlot[];
  readonly machine: Machine;
  /** Most that all models may take together, when a person set it. */
  readonly limitBytes: number | undefined;
}

const mostReserveBytes = 512 * 1024 ** 2;

/**
 * Memory that a further model may take: what the system calls available, less a reserve for the rest of the machine
 * (a twentieth, at most 512 MiB), what loads under way will still take, and the mapped weights of models in use (which
 * the system would count as available); within the limit that a person set.
 */
export function freeForModels({ slots, machine, limitBytes }: MemoryRoom): number {
  let free = machine.availableBytes() - Math.min(mostReserveBytes, machine.totalBytes() / 20);
  for (const { process, state, predictedBytes } of slots) {
    if (process?.pid === undefined) continue;
    free -= machine.mappedBytes(process.pid);
    if (state === 'loading') free -= Math.max(0, predictedBytes - (machine.residentBytes(process.pid) ?? 0));
  }
  if (limitBytes === undefined) return free;
  const taken = slots.reduce((sum, slot) => sum + (slot.process ? slot.predictedBytes : 0), 0);
  return Math.min(free, limitBytes - taken);
}

/** What ending a model adds to `freeForModels`. */
export function givenBack({ machine, limitBytes }: MemoryRoom, slot: ModelSlot): number {
  const resident = slot.process?.pid === undefined ? undefined : machine.residentBytes(slot.process.pid);
  return limitBytes === undefined ? (resident ?? slot.predictedBytes) : slot.predictedBytes;
}
