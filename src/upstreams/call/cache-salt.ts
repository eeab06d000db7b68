import { createHmac, randomBytes } from 'node:crypto';
import type { Clearance } from '../../policy/index.ts';

/** Made anew with each start, so that what goes out names nobody. */
const key = randomBytes(32);

/** Keeps the other side's prompt cache apart by tenant and label: nobody can time what another's prompt began with. */
export function cacheSaltOf({ label }: Clearance, isolationKey: string): string {
  const { level, mentions, compartments } = label;
  return createHmac('sha256', key)
    .update(JSON.stringify([isolationKey, level, mentions, compartments]))
    .digest('base64url');
}
