import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clearance } from './types.ts';

export type Unsealed = Omit<Clearance, 'seal'>;

/** Seals clearances with a key that only this process has and that ends with it. */
export interface Seals {
  seal(clearance: Unsealed): Clearance;
  /** True when this very text was sealed here. */
  fits(clearance: Clearance): boolean;
}

export function openSeals(): Seals {
  const key = randomBytes(32);
  // A frozen clearance cannot be changed after it was sealed: the very object needs no second look.
  const own = new WeakSet<Clearance>();
  const sign = (clearance: Unsealed): Buffer => createHmac('sha256', key).update(canonical(clearance)).digest();
  return {
    seal(clearance) {
      const { level, mentions, compartments } = clearance.label;
      const label = Object.freeze({
        level,
        mentions: Object.freeze([...mentions]),
        compartments: Object.freeze([...compartments]),
      });
      const addresses = Object.freeze([...clearance.addresses]);
      let seal: string | undefined;
      const sealed = Object.freeze({
        ...clearance,
        label,
        addresses,
        /** Made when a copy is: the object itself is known without it. */
        get seal(): string {
          seal ??= sign(sealed).toString('base64url');
          return seal;
        },
      });
      own.add(sealed);
      return sealed;
    },
    fits(clearance) {
      if (own.has(clearance)) return true;
      if (typeof clearance?.seal !== 'string') return false;
      const given = Buffer.from(clearance.seal, 'base64url');
      const wanted = sign(clearance);
      return given.length === wanted.length && timingSafeEqual(given, wanted);
    },
  };
}

function canonical({
  decisionId,
  destinationId,
  label,
  effect,
  tier,
  addresses,
  mostBytes,
  expiresAt,
}: Unsealed): string {
  const { level, mentions, compartments } = label ?? {};
  return JSON.stringify([
    decisionId,
    destinationId,
    level,
    mentions,
    compartments,
    effect,
    tier,
    addresses,
    mostBytes,
    expiresAt,
  ]);
}
