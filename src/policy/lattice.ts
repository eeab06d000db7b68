// The second opinion. It states the matrix again in its own way, and shares no code with the Cedar side on purpose: what
// both say is believed, and where Cedar would let more out than this does, nothing goes out and an alarm is raised.
// Pure: no clock, no file, no configuration. Bounds that an organisation's own rules may only tighten.
import type { Certificate, DecisionRequest, Destination, Effect, Label } from './types.ts';

const heights = { NOTHING: -1, PUBLIC: 0, INTERNE: 1, SENSIBLE: 2, SP: 3, DR: 4, SECRET: 5 } as const;

const eea = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK'.split(' '),
);

/** The most that the matrix allows, on a day given as `2026-11-23`. */
export function latticeEffect({ subject, label, destination }: DecisionRequest, today: string): Effect {
  const { ceiling, compartments } = subject;
  if (ceiling !== undefined && heights[label.level] > heights[ceiling.level]) return 'deny';
  if (label.compartments.some((name) => !compartments.includes(name))) return 'deny';
  if (label.mentions.some((mention) => !mentionFits(mention, destination, today))) return 'deny';
  const height = heightOf(label);
  const { clear, masked } = reach(destination, today);
  return height <= clear ? 'allow' : height <= masked ? 'pseudonymise' : 'deny';
}

/** Highest that may go as it is, and highest that may go with its names replaced. */
function reach(place: Destination, today: string): { clear: number; masked: number } {
  const same = (height: number) => ({ clear: height, masked: height });
  if (isInside(place)) return same(place.enclave ? heights.DR : heights.SP);
  if (place.tier === 'iaas' && isValid(place.secnumcloud, today))
    return same(place.extraEuExposure ? heights.SENSIBLE : heights.SP);
  const forgets = place.retentionDays === 0 && place.trainsOnData === false;
  if (place.tier === 'saas' || place.country === undefined || !eea.has(place.country)) {
    if (!forgets) return same(heights.NOTHING);
    const agreed = place.tier === 'saas' || Boolean(place.dpaRef);
    return { clear: heights.PUBLIC, masked: agreed ? heights.INTERNE : heights.PUBLIC };
  }
  return place.dpaRef ? { clear: heights.INTERNE, masked: heights.SENSIBLE } : same(heights.PUBLIC);
}

function heightOf({ level, mentions }: Label): number {
  return Math.max(heights[level], mentions.includes('PII') ? heights.SENSIBLE : heights.PUBLIC);
}

function mentionFits(mention: string, place: Destination, today: string): boolean {
  if (isInside(place)) return true;
  if (mention === 'SECRETS') return false;
  if (mention === 'SANTE') return isValid(place.hds, today);
  if (mention === 'SECRET_AFFAIRES') return !place.extraEuExposure;
  return mention !== 'CODE' || place.tier === 'iaas' || place.trainsOnData === false;
}

const isInside = ({ tier }: Destination): boolean => tier === 'embedded' || tier === 'on-premises';
const isValid = (held: Certificate | undefined, today: string): boolean => held !== undefined && held.expires >= today;
