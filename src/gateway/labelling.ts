import { z } from 'zod';
import { IntramurosError } from '../base/index.ts';
import type { Caller, Event, Routed, Runs, Sent } from '../flows/index.ts';
import type { Who } from '../identity/index.ts';
import { formatLabel, type Label, type LabelSource, levels, parseLabel, toLabel } from '../policy/index.ts';
import type { RequestContext } from './http/endpoint.ts';
import type { GatewayRooms } from './rooms.ts';

const names = (form: RegExp): z.ZodArray<z.ZodString> => z.array(z.string().regex(form)).max(32);

/** A label as bodies and replies carry it. */
export const LabelBody = z
  .object({
    level: z.enum(levels),
    mentions: names(/^[A-Z][A-Z0-9_]{0,63}$/),
    compartments: names(/^[\p{L}\p{N}][\p{L}\p{N}._:@/-]{0,127}$/u),
  })
  .meta({ id: 'Label', description: 'How sensitive data is: a level, mentions and need-to-know groups.' });

const anyCase = (word: string): string => word.replace(/[A-Z]/g, (letter) => `[${letter}${letter.toLowerCase()}]`);
const list = (item: string): string => ` *(?:${item} *(?:, *${item} *){0,31})?`;
const mentionsPart = `; *mentions *=${list('[A-Za-z][A-Za-z0-9_]{0,63}')}`;
const compartmentsPart = `; *compartments *=${list('[\\p{L}\\p{N}][\\p{L}\\p{N}._:@/-]{0,127}')}`;
const lineOfLabel = new RegExp(
  `^ *(?:${levels.map(anyCase).join('|')}) *(?:${mentionsPart}(?:${compartmentsPart})?|${compartmentsPart}(?:${mentionsPart})?)?$`,
  'u',
);

/** A label in the one line that `parseLabel` reads. */
export const labelLine = (most: number): z.ZodString =>
  z.string().max(most).regex(lineOfLabel, 'wanted a label such as "SENSIBLE; mentions=PII,SANTE; compartments=rh"');

/** A label that a client gives; what it leaves out is empty. */
export const GivenLabel = LabelBody.partial({ mentions: true, compartments: true }).meta({ id: 'GivenLabel' });

export const LabelSourceBody = z
  .object({
    kind: z.string(),
    id: z.string(),
    label: LabelBody,
    reason: z.string().optional(),
    by: z.string().optional(),
    at: z.string().optional(),
  })
  .meta({ id: 'LabelSource', description: 'What raised a label.' });

/** The one form of a label that a body gave. */
export const givenLabel = ({ level, mentions = [], compartments = [] }: z.output<typeof GivenLabel> | Label): Label =>
  toLabel({ level, mentions, compartments });

/** Reads a label of a header or an address: one line, what is not ASCII percent-encoded. */
export function readLabel(text: string, where: string): Label {
  return parseLabel(text.includes('%') ? decoded(text, where) : text, where);
}

function decoded(text: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    const words = `${where}: its percent-encoding cannot be read. Encode a label as encodeURIComponent does.`;
    throw new IntramurosError('invalid_request', words, { cause: error, facts: { field: where } });
  }
}

/** The runs of whoever asks; of a key, those up to its highest label. */
export const runsOf = ({ runs }: Pick<GatewayRooms, 'runs'>, who: Who): Runs =>
  runs.of(who.personId, who.kind === 'key' ? who.ceiling : undefined);

/** Who asks, and what they say of their data, in the header and in the body: it can only raise. */
export function callerOf(context: RequestContext, given?: z.output<typeof GivenLabel> | Label): Caller {
  const { who, caller: fairKey, labelHeader } = context;
  const inHeader = labelHeader === undefined ? undefined : raise('x-intramuros-label', labelHeader);
  const inBody: LabelSource | undefined = given && { kind: 'client', id: 'label', label: givenLabel(given) };
  const raises = [inHeader, inBody].filter((one) => one !== undefined);
  return { who, fairKey, raises };
}

function raise(id: string, text: string): LabelSource {
  return { kind: 'client', id, label: readLabel(text, id) };
}

/** Header values are ASCII: what is not is percent-encoded. */
const ascii = (text: string): string => text.replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent);

export const labelHeader = (label: Label): string => ascii(formatLabel(label));

/** The headers that say what was sent as what, and where to. */
export function sentHeaders({
  label,
  destinationId,
  tier,
  decisionId,
  masked,
}: Omit<Routed, 'model'> & { label: Label }): Readonly<Record<string, string>> {
  return {
    'x-intramuros-label': labelHeader(label),
    'x-intramuros-destination': ascii(destinationId),
    'x-intramuros-tier': tier,
    'x-intramuros-decision': decisionId,
    ...(masked && { 'x-intramuros-masked': countsHeader(masked) }),
  };
}

/** `NIR=1, PERSON=2`; `none` where nothing had to be replaced. */
const countsHeader = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([kind, count]) => `${kind}=${count}`)
    .join(', ') || 'none';

export const headersOf = ({ label, destination, decisionId, masked }: Sent): Readonly<Record<string, string>> =>
  sentHeaders({ label, destinationId: destination.id, tier: destination.tier, decisionId, ...(masked && { masked }) });

/** Learns from the first events of a run what its reply's headers say. */
export class SentWatch {
  #label: Label | undefined;
  #routed: Routed | undefined;

  see(event: Event): void {
    if (event.t === 'open') this.#label = event.label;
    else if (event.t === 'note' && event.kind === 'routed') this.#routed = event.data;
  }

  headers(): Readonly<Record<string, string>> {
    return this.#label && this.#routed ? sentHeaders({ ...this.#routed, label: this.#label }) : {};
  }
}
