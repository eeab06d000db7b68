import { IntramurosError, isIntramurosError } from '../../base/index.ts';
import { subjectOf } from '../../identity/index.ts';
import type { Clearance, Destination, PassRequest } from '../../policy/index.ts';
import { before } from './before.ts';
import { pseudonymise } from './pseudonymise.ts';
import { mayUse } from './resolve-model.ts';
import type { Passage, Rooms, Target } from './types.ts';

/**
 * Asks the gate for the way to the model's place: decided by policy and durable before the first byte. The model in this
 * very process is such a place too.
 */
export const decide = before('decide', async (run) => {
  clear(run, await run.timed('decide', () => passGate(run, requireTarget(run))));
});

/** Gives a run the right to send. */
export function clear(passage: Passage, clearance: Clearance): void {
  passage.clearance = clearance;
  passage.decisionId = clearance.decisionId;
  passage.masked = clearance.effect === 'pseudonymise' ? passage.maskedOnce : undefined;
}

/** @throws {IntramurosError} `internal` when no step has chosen a model. */
export function requireTarget({ target }: Passage): Target {
  if (target) return target;
  throw new IntramurosError('internal', 'The answer path has no model to ask.');
}

/**
 * The clearance to send to a place.
 * @throws {IntramurosError} `destination_denied`, naming also a model at the nearest place that may answer.
 */
export async function passGate(passage: Passage, target: Target): Promise<Clearance> {
  const { rooms } = passage;
  try {
    return await rooms.gate.pass(toPassRequest(passage, target));
  } catch (error) {
    if (!isIntramurosError(error) || error.code !== 'destination_denied') throw error;
    throw new IntramurosError(error.code, error.message, {
      cause: error,
      facts: { ...error.facts, nearestModel: await nearestModel(passage, error.facts.nearest) },
    });
  }
}

function toPassRequest(passage: Passage, target: Target): PassRequest {
  const { id, caller, action, mark, rooms, conversationId } = passage;
  const { keyId } = caller.who;
  return {
    subject: subjectOf(caller.who),
    action,
    label: mark.label,
    destination: target.destination,
    sources: mark.sources,
    about: {
      runId: id,
      model: target.model.id,
      ...(conversationId !== undefined && { conversationId }),
      ...(keyId !== undefined && { keyId }),
    },
    addresses: target.kind === 'upstream' ? rooms.upstreams.addresses(target.model) : [],
    // Only where policy asks for it: elsewhere masking costs nothing.
    pseudonymise: () => pseudonymise(passage),
    // Only a refusal reads them.
    get alternatives() {
      return placesFor(passage);
    },
  };
}

/** Every place where somebody may use a model, this machine first. */
export function placesFor({ rooms, caller }: Pick<Passage, 'rooms' | 'caller'>): readonly Destination[] {
  const places = new Map([[rooms.embedded().id, rooms.embedded()]]);
  for (const model of rooms.upstreams.models()) {
    const { destination } = model;
    if (mayUse(caller.who, { kind: 'upstream', model, destination })) places.set(destination.id, destination);
  }
  return [...places.values()];
}

/** A model that can do the same at a place; null where there is none. */
async function nearestModel(passage: Passage, placeId: unknown): Promise<string | null> {
  const wanted = passage.action === 'embed' ? 'embedding' : 'chat';
  const { who } = passage.caller;
  const found = (await modelsAt(passage.rooms, placeId)).find(
    (target) => target.model.capabilities.some((capability) => capability === wanted) && mayUse(who, target),
  );
  return found?.model.id ?? null;
}

/** Everything that runs at a place. */
export async function modelsAt(rooms: Rooms, placeId: unknown): Promise<readonly Target[]> {
  const embedded = rooms.embedded();
  if (placeId === embedded.id) {
    const installed = await rooms.library.list();
    return installed.map((model) => ({ kind: 'embedded', model, destination: embedded }));
  }
  return rooms.upstreams
    .models()
    .filter(({ destination }) => destination.id === placeId)
    .map((model) => ({ kind: 'upstream', model, destination: model.destination }));
}
