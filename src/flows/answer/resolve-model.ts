import { IntramurosError } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import type { Capability } from '../../models/index.ts';
import { before } from './before.ts';
import { conversationsOf } from './label.ts';
import type { Passage, Rooms, Run, Target, Turn } from './types.ts';

/** Finds the model that answers, and makes sure that it can do what is asked and that whoever asks may use it. */
export const resolveModel = before('resolve-model', async (run) => {
  await run.timed('resolve-model', async () => {
    setTarget(run, await findTarget(run, await modelName(run), neededBy(run.turn)));
  });
});

/** Directs a run at a model. */
export function setTarget(run: Run, target: Target): void {
  run.target = target;
  const site = target.kind === 'embedded' ? 'local' : target.destination.id;
  run.by = { ...run.by, model: target.model.id, site };
}

/** What each place must be able to do: a base model continues text, and one here that chats can be asked to as well. */
export type Needed = { readonly [kind in Target['kind']]: readonly Capability[] };

function neededBy(turn: Turn): Needed {
  if (turn.input.kind === 'tokens') return { embedded: ['completion', 'chat'], upstream: [] };
  if (turn.input.kind === 'text') return { embedded: ['completion', 'chat'], upstream: ['completion'] };
  return { embedded: ['chat'], upstream: ['chat'] };
}

/**
 * The model of a name: an upstream's `<upstream>/<name>`, else one installed here.
 * @throws {IntramurosError} `model_not_found`, `model_unusable`, `forbidden`.
 */
export async function findTarget(
  { rooms, caller }: Pick<Passage, 'rooms' | 'caller'>,
  name: string,
  needed: Needed,
): Promise<Target> {
  const upstream = rooms.upstreams.findModel(name);
  const target: Target = upstream
    ? { kind: 'upstream', model: upstream, destination: upstream.destination }
    : { kind: 'embedded', model: await rooms.library.get(name), destination: rooms.embedded() };
  assertCapable(target, needed);
  assertMayUse(caller.who, target);
  return target;
}

async function modelName({ turn, rooms, caller }: Run): Promise<string> {
  if (turn.model) return turn.model;
  if (turn.input.kind === 'conversation') {
    const { model } = await conversationsOf(rooms, caller.who).get(turn.input.target.conversationId);
    if (model) return model;
  }
  if (rooms.defaultModel) return rooms.defaultModel;
  return firstThatChats(rooms, caller.who);
}

async function firstThatChats(rooms: Rooms, who: Who): Promise<string> {
  const can = ({ id, capabilities }: { readonly id: string; readonly capabilities: readonly Capability[] }): boolean =>
    capabilities.includes('chat') && who.can('model.use', id);
  const first = (await rooms.library.list()).find(can) ?? rooms.upstreams.models().find(can);
  if (first) return first.id;
  throw new IntramurosError(
    'model_not_found',
    'No model is installed that can answer. Get one: "intramuros pull smollm2:135m".',
  );
}

/** @throws {IntramurosError} `model_unusable` when the model has none of the capabilities. */
function assertCapable({ kind, model }: Target, needed: Needed): void {
  const anyOf = needed[kind];
  const has: readonly Capability[] = model.capabilities;
  if (anyOf.some((capability) => has.includes(capability))) return;
  throw new IntramurosError(
    'model_unusable',
    `Model "${model.id}" cannot do this: it is made for ${has.join(', ') || 'nothing that is known'}, and ${anyOf.join(' or ') || 'a prompt of token ids, which only models here read,'} is asked. Choose another model.`,
    { facts: { model: model.id, has, wanted: anyOf } },
  );
}

/** True when roles and key let somebody use a model where it runs. */
export function mayUse(who: Who, { model, destination }: Target): boolean {
  return who.can('model.use', model.id) && who.can('destination.use', destination.id);
}

function assertMayUse(who: Who, target: Target): void {
  if (mayUse(who, target)) return;
  const right = who.can('model.use', target.model.id) ? 'destination.use' : 'model.use';
  const resource = right === 'model.use' ? target.model.id : target.destination.id;
  throw new IntramurosError(
    'forbidden',
    `Your roles or this key do not let you use "${resource}". Choose another model, or ask an administrator for it.`,
    { facts: { right, resource, model: target.model.id } },
  );
}
