import { IntramurosError } from '../../base/index.ts';
import type { Capability, InstalledModel } from '../../models/index.ts';
import type { Run, Step, Turn } from './types.ts';

/** Finds the model that answers, and makes sure that it can do what is asked. */
export const resolveModel: Step = {
  name: 'resolve-model',
  async *run(run, _scope, next) {
    const model = await run.timed('resolve-model', async () => {
      const found = await run.rooms.library.get(await modelName(run));
      return assertCapable(found, capabilitiesFor(run.turn));
    });
    run.model = model;
    run.by = { ...run.by, model: model.id };
    yield* next();
  },
};

async function modelName({ turn, rooms }: Run): Promise<string> {
  if (turn.model) return turn.model;
  if (turn.input.kind === 'conversation') {
    const { model } = await rooms.conversations.get(turn.input.target.conversationId);
    if (model) return model;
  }
  if (rooms.defaultModel) return rooms.defaultModel;
  const first = (await rooms.library.list()).find(({ capabilities }) => capabilities.includes('chat'));
  if (first) return first.id;
  throw new IntramurosError(
    'model_not_found',
    'No model is installed that can answer. Get one: "intramuros pull smollm2:135m".',
  );
}

// A base model continues text; a chat model can be asked to as well.
function capabilitiesFor(turn: Turn): readonly Capability[] {
  return turn.input.kind === 'text' || turn.input.kind === 'tokens' ? ['completion', 'chat'] : ['chat'];
}

/** @throws {IntramurosError} `model_unusable` when the model has none of the capabilities. */
export function assertCapable(model: InstalledModel, anyOf: readonly Capability[]): InstalledModel {
  if (anyOf.some((capability) => model.capabilities.includes(capability))) return model;
  throw new IntramurosError(
    'model_unusable',
    `Model "${model.id}" cannot do this: it is made for ${model.capabilities.join(', ') || 'nothing that is known'}, and ${anyOf.join(' or ')} is asked. Choose another model.`,
    { facts: { model: model.id, has: model.capabilities, wanted: anyOf } },
  );
}
