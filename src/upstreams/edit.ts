import type { Audit } from '../audit/index.ts';
import { type Clock, IntramurosError } from '../base/index.ts';
import type { Database, Secrets } from '../store/index.ts';
import { attributesText, type Declared, type StoredUpstream, tierRank, toUpstream } from './declare.ts';
import { deleteRecord, insertRecord, stale, type UpstreamRecord, updateRecord } from './records.ts';
import { type ParsedUpstream, UpstreamInput, UpstreamPatch } from './schema.ts';
import type { Actor, Upstream } from './types.ts';

/** What a change works with. */
export interface EditRooms {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly audit: Audit;
  readonly clock: Clock;
}

/** Rank of the tier of an upstream or model, by its id. */
export type TierOf = (name: string) => number | undefined;

/** Where the secret of an upstream is, for its encryption. */
export const secretPlace = (id: string): string => `upstreams/${id}/secret`;

/** Stores a new upstream. Its record in the audit is durable before the change is. Returns its id. */
export async function createUpstream(rooms: EditRooms, given: unknown, by: Actor, tierOf: TierOf): Promise<string> {
  const { secret, ...input } = parse(UpstreamInput, given) as ParsedUpstream;
  const stored: StoredUpstream = { input, declared: declare(input, undefined, by, rooms.clock) };
  const sealed = secret ? rooms.secrets.seal(secretPlace(input.id), JSON.stringify(secret)) : null;
  const upstream = toUpstream(stored, 1, sealed !== null);
  refuseUpwards(upstream, tierOf);
  refuseWrongSecret(input.kind, secret ?? undefined);
  await rooms.database.transaction(async (on) => {
    await insertRecord(on, { id: input.id, stored, sealed, version: 1 });
    await rooms.audit.append({ kind: 'upstream', actor: by.personId, data: { action: 'create', ...told(upstream) } });
  });
  return input.id;
}

export interface Change {
  readonly record: UpstreamRecord;
  /** The one that the editor saw. */
  readonly version: number;
  readonly patch: unknown;
  readonly by: Actor;
  readonly tierOf: TierOf;
}

/** Stores a change. */
export async function changeUpstream(rooms: EditRooms, { record, version, patch, by, tierOf }: Change): Promise<void> {
  if (version !== record.version) throw stale(record.id);
  const { secret, ...changes } = parse(UpstreamPatch, patch);
  const before = record.stored.input;
  const input = parse(UpstreamInput, { ...before, ...changes }) as ParsedUpstream;
  refuseWrongSecret(input.kind, secret ?? undefined);
  refuseSecretElsewhere(record, input.urls, secret);
  const stored: StoredUpstream = { input, declared: declare(input, record.stored, by, rooms.clock) };
  const sealed = await sealedAfter(rooms, record, secret);
  const upstream = toUpstream(stored, version + 1, sealed !== null);
  refuseUpwards(upstream, tierOf);
  const data = {
    action: 'update',
    ...told(upstream),
    fields: Object.keys(changes).filter((name) => !same(name, before, input)),
    secretChanged: secret !== undefined,
  };
  await rooms.database.transaction(async (on) => {
    await updateRecord(on, { id: record.id, stored, sealed, version: version + 1 });
    await rooms.audit.append({ kind: 'upstream', actor: by.personId, data });
  });
}

/** Removes an upstream with its secret. */
export async function removeUpstream(
  rooms: EditRooms,
  { id }: UpstreamRecord,
  version: number,
  by: Actor,
): Promise<void> {
  await rooms.database.transaction(async (on) => {
    await deleteRecord(on, id, version);
    await rooms.audit.append({ kind: 'upstream', actor: by.personId, data: { action: 'remove', id } });
  });
}

function parse<T>(
  schema: {
    safeParse(
      value: unknown,
    ):
      | { success: true; data: T }
      | { success: false; error: { issues: readonly { path: PropertyKey[]; message: string }[] } };
  },
  value: unknown,
): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  throw new IntramurosError('invalid_request', `"${path}": ${issue?.message ?? 'is not valid'}.`, {
    facts: { field: path },
  });
}

/** Who declared each place: whoever changed its attributes last. */
function declare(input: StoredUpstream['input'], before: StoredUpstream | undefined, by: Actor, clock: Clock) {
  const now: Declared = { by: by.personId, at: new Date(clock.now()).toISOString() };
  const places = [
    ['', input.destination] as const,
    ...input.profiles.map((each) => [each.match, each.destination] as const),
  ];
  const placesBefore = new Map<string, unknown>([
    ['', before?.input.destination],
    ...(before?.input.profiles.map((each) => [each.match, each.destination] as const) ?? []),
  ]);
  const declared = places.map(([match, destination]) => {
    const old = placesBefore.get(match);
    const kept = old !== undefined && attributesText(old) === attributesText(destination);
    return [match, (kept ? before?.declared[match] : undefined) ?? now] as const;
  });
  return Object.fromEntries(declared);
}

function same(name: string, before: object, after: object): boolean {
  const at = (value: object): string => JSON.stringify((value as Record<string, unknown>)[name]);
  return at(before) === at(after);
}

async function sealedAfter({ secrets }: EditRooms, record: UpstreamRecord, secret: object | null | undefined) {
  if (secret === undefined) return record.sealed;
  return secret === null ? null : secrets.seal(secretPlace(record.id), JSON.stringify(secret));
}

/** A stored secret never follows to an address that it was not entered for: whoever may edit must not be able to read it. */
function refuseSecretElsewhere(record: UpstreamRecord, urls: readonly string[], secret: unknown): void {
  if (record.sealed === null || secret !== undefined) return;
  const known = new Set(record.stored.input.urls.map((url) => new URL(url).origin));
  const elsewhere = urls.find((url) => !known.has(new URL(url).origin));
  if (elsewhere === undefined) return;
  throw new IntramurosError(
    'invalid_request',
    `The stored secret was entered for other addresses. Enter it again to use it at ${new URL(elsewhere).origin}.`,
    { facts: { field: 'secret' } },
  );
}

function refuseWrongSecret(kind: Upstream['kind'], secret: object | undefined): void {
  if (secret === undefined || 'apiKey' in secret || kind === 'bedrock') return;
  throw new IntramurosError('invalid_request', `An upstream of kind ${kind} takes {"apiKey": …} as its secret.`, {
    facts: { field: 'secret' },
  });
}

/** A fallback to a higher tier would take data further out than was decided. */
function refuseUpwards(upstream: Upstream, tierOf: TierOf): void {
  const highest = Math.max(...[upstream, ...upstream.profiles].map(({ destination }) => tierRank(destination)));
  for (const name of upstream.fallbacks) {
    const rank = tierOf(name);
    const problem =
      rank === undefined ? 'is no upstream or model that is known' : rank > highest ? 'is of a higher tier' : undefined;
    if (problem === undefined) continue;
    throw new IntramurosError(
      'invalid_request',
      `The fallback "${name}" ${problem}. A fallback goes to the same or a lower tier only.`,
      { facts: { field: 'fallbacks' } },
    );
  }
}

/** What the audit keeps: the declaration, and never the secret. */
function told({ id, kind, urls, destination, profiles, models, enabled, fallbacks, version }: Upstream) {
  return { id, kind, urls, destination, profiles, models: models.map(({ name }) => name), enabled, fallbacks, version };
}
