import { IntramurosError, isIntramurosError } from '../../base/index.ts';
import { subjectOf } from '../../identity/index.ts';
import { type Destination, type Tier, tiers } from '../../policy/index.ts';
import { clear, modelsAt, passGate, placesFor } from './decide.ts';
import { reservePassage } from './reserve.ts';
import { mayUse, setTarget } from './resolve-model.ts';
import { settleClearance } from './settle.ts';
import type { Passage, Rooms, Run, Target } from './types.ts';

/** True when a place failed before it answered, in a way that another place may not. */
export function isDown(error: unknown): boolean {
  if (!isIntramurosError(error)) return false;
  const { status } = error.facts;
  if (typeof status === 'number' && status >= 400 && status < 500 && status !== 408 && status !== 429) return false;
  return [
    'upstream_failed',
    'upstream_timeout',
    'upstream_unavailable',
    'secret_unavailable',
    'egress_failed',
    'egress_denied',
  ].includes(error.code);
}

const rank = (tier: Tier): number => tiers.indexOf(tier);

/** The places that a model falls back to, as its administrator ordered them; never one of a higher tier. */
export async function fallbacksOf(rooms: Rooms, target: Target): Promise<readonly Target[]> {
  if (target.kind !== 'upstream') return [];
  const { model, destination } = target;
  const names = rooms.upstreams.list().find(({ id }) => id === model.upstreamId)?.fallbacks ?? [];
  const found = await Promise.all(names.map((name) => findFallback(rooms, name, model.name)));
  return found.filter(
    (other): other is Target =>
      other !== undefined && other.model.id !== model.id && rank(other.destination.tier) <= rank(destination.tier),
  );
}

/** A fallback names a model, or an upstream that has a model of the same name. */
async function findFallback(rooms: Rooms, name: string, modelName: string): Promise<Target | undefined> {
  const model = rooms.upstreams.findModel(name) ?? rooms.upstreams.findModel(`${name}/${modelName}`);
  if (model) return { kind: 'upstream', model, destination: model.destination };
  try {
    return { kind: 'embedded', model: await rooms.library.get(name), destination: rooms.embedded() };
  } catch (error) {
    if (isIntramurosError(error)) return undefined; // it was removed since: the next one is tried
    throw error;
  }
}

/**
 * Sends a run that nothing was said of to the next of its fallbacks that can, may and is allowed to: through the quotas and
 * the gate again, as any other. False when there is none left.
 */
export async function fallBack(run: Run, queue: Target[], failure: unknown): Promise<boolean> {
  const capability = run.prompt?.kind === 'chat' ? 'chat' : 'completion';
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const can = next.model.capabilities.some((one) => one === capability);
    if (!can || !mayUse(run.caller.who, next)) continue;
    if (await redirect(run, next, failure)) return true;
  }
  return false;
}

async function redirect(run: Run, to: Target, failure: unknown): Promise<boolean> {
  try {
    const clearance = await passGate(run, to);
    if (isIntramurosError(failure)) run.spent.failure = failure as IntramurosError;
    settleClearance(run);
    run.reservation?.settle({ promptTokens: 0, completionTokens: 0, costMicros: 0 });
    run.reservation = undefined;
    run.fellBackFrom ??= run.by.model;
    setTarget(run, to);
    run.by = { ...run.by, attempt: run.by.attempt + 1 };
    clear(run, clearance);
    reservePassage(run);
    return true;
  } catch (error) {
    const refused = ['destination_denied', 'policy_unavailable', 'audit_unavailable', 'quota_exceeded'];
    if (isIntramurosError(error) && refused.includes(error.code)) return false;
    throw error;
  }
}

/** The failure of a place that is down, with the nearest other place that may answer in its words and facts. */
export async function withNearest(passage: Passage, error: IntramurosError): Promise<IntramurosError> {
  const nearest = findNearest(passage);
  const models = nearest ? await modelsAt(passage.rooms, nearest.id) : [];
  const model = models.find((one) => mayUse(passage.caller.who, one))?.model.id;
  if (!nearest || model === undefined) return error;
  return new IntramurosError(
    error.code,
    `${error.message} The nearest place that may answer this is "${nearest.title}", with the model "${model}".`,
    { cause: error, facts: { ...error.facts, nearest: nearest.id, nearestModel: model } },
  );
}

function findNearest(passage: Passage): Destination | undefined {
  const { rooms, caller, action, mark, target } = passage;
  const others = placesFor(passage).filter(({ id }) => id !== target?.destination.id);
  return rooms.gate.policy.nearest({ subject: subjectOf(caller.who), action, label: mark.label }, others);
}
