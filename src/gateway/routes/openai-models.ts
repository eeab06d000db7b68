import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { Who } from '../../identity/index.ts';
import { aliased, isUpstream, type ServedModel } from '../dialects/openai/common.ts';
import { endpoint } from '../http/endpoint.ts';
import type { GatewayRooms } from '../rooms.ts';

const OpenAIModel = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.string(),
    context_length: z.int().optional().meta({ description: 'Not of OpenAI: tokens of context it was trained for.' }),
    capabilities: z.array(z.string()).optional().meta({ description: 'Not of OpenAI.' }),
  })
  .meta({ id: 'OpenAIModel' });

const toModel = (model: ServedModel, id = model.id): z.output<typeof OpenAIModel> => ({
  id,
  object: 'model',
  created: isUpstream(model) ? 0 : Math.floor(Date.parse(model.installedAt) / 1000) || 0,
  owned_by: isUpstream(model) ? model.upstreamId : model.origin.kind,
  context_length: model.contextTokens,
  capabilities: [...model.capabilities],
});

const params = z.object({
  model: z.string().min(1).max(2000).meta({ description: 'Slashes and colons may stand raw or percent-encoded.' }),
});

/** Roles and keys may let somebody use only some models, in some places. */
const visibleTo =
  (who: Who) =>
  (model: ServedModel): boolean =>
    who.can('model.use', model.id) && who.can('destination.use', isUpstream(model) ? model.destination.id : 'embedded');

async function listAll(rooms: GatewayRooms, who: Who): Promise<z.output<typeof OpenAIModel>[]> {
  const served = [...(await rooms.models.list()), ...rooms.upstreams.models()].filter(visibleTo(who));
  const named = rooms.aliases.exact().flatMap(({ name, model }) => {
    const target = served.find(({ id }) => id === model);
    return target && !served.some(({ id }) => id === name) ? [toModel(target, name)] : [];
  });
  return [...served.map((model) => toModel(model)), ...named];
}

export const listOpenAiModels = endpoint({
  operationId: 'models.list',
  method: 'GET',
  path: '/v1/models',
  tag: 'OpenAI',
  summary: { en: 'Lists the models that can answer.', fr: 'Liste les modèles qui peuvent répondre.' },
  dialect: 'openai',
  replies: { 200: z.object({ object: z.literal('list'), data: z.array(OpenAIModel) }).meta({ id: 'OpenAIModelList' }) },
  errors: [],
  async handle(_input, { rooms, who }) {
    return { json: { object: 'list', data: await listAll(rooms, who) } };
  },
});

export const getOpenAiModel = endpoint({
  operationId: 'models.retrieve',
  method: 'GET',
  path: '/v1/models/{model+}',
  tag: 'OpenAI',
  summary: { en: 'One model that can answer.', fr: 'Un modèle qui peut répondre.' },
  dialect: 'openai',
  params,
  replies: { 200: OpenAIModel },
  errors: ['model_not_found'],
  async handle({ params: { model: name } }, { rooms, who }) {
    const model =
      rooms.upstreams.findModel(name) ?? (await rooms.models.find(name)) ?? (await aliased(rooms, name, 'chat'));
    if (visibleTo(who)(model)) return { json: toModel(model, name) };
    throw new IntramurosError('model_not_found', `There is no model "${name.slice(0, 100)}" that you may use.`);
  },
});

export const deleteOpenAiModel = endpoint({
  operationId: 'models.delete',
  method: 'DELETE',
  path: '/v1/models/{model+}',
  tag: 'OpenAI',
  summary: {
    en: 'Removes a model from this disk, or only the name where it is an alias.',
    fr: 'Supprime un modèle de ce disque, ou seulement le nom si c’est un alias.',
  },
  dialect: 'openai',
  right: 'model.manage',
  params,
  replies: {
    200: z
      .object({ id: z.string(), object: z.literal('model'), deleted: z.literal(true) })
      .meta({ id: 'OpenAIModelDeleted' }),
  },
  errors: ['model_not_found', 'forbidden'],
  async handle({ params: { model: name } }, { rooms }) {
    const installed = await rooms.models.find(name);
    if (installed) {
      await rooms.engine.unload(installed.id);
      await rooms.models.remove(installed.id);
      rooms.aliases.hide(name);
    } else if (rooms.upstreams.findModel(name)) {
      throw new IntramurosError('forbidden', `"${name.slice(0, 100)}" is served by an upstream: take it away there.`);
    } else if (!rooms.aliases.remove(name)) {
      throw new IntramurosError(
        'model_not_found',
        `No model "${name.slice(0, 100)}" is installed: nothing was removed.`,
      );
    }
    return { json: { id: name, object: 'model', deleted: true } };
  },
});
