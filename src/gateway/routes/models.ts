import { totalmem } from 'node:os';
import { z } from 'zod';
import type { LoadedModel } from '../../engine/index.ts';
import { type CatalogueEntry, fitOf, type InstalledModel, type PullEvent } from '../../models/index.ts';
import { nativeStream, started } from '../dialects/sse.ts';
import { endpoint } from '../http/endpoint.ts';
import type { GatewayRooms } from '../rooms.ts';
import { Catalogue, ModelView, Runtime, Tuned } from './model-schemas.ts';

const id = z
  .string()
  .min(1)
  .max(2000)
  .meta({ description: 'As GET /api/models names it; slashes and colons raw or percent-encoded.' });
const params = z.object({ id });

const toRuntime = (model: LoadedModel | undefined): z.output<typeof Runtime> | null =>
  model ? (JSON.parse(JSON.stringify(model)) as z.output<typeof Runtime>) : null;

/** An installed model with its state in the engine; file paths stay inside. */
export function toModelView(model: InstalledModel, engine: GatewayRooms['engine']): z.output<typeof ModelView> {
  const { files: _files, chatTemplate: _template, sha256: _sha, embeddingLength: _length, ...shown } = model;
  const runtime = engine.list().find((loaded) => loaded.id === model.id);
  return {
    ...(JSON.parse(JSON.stringify(shown)) as typeof shown),
    runtime: toRuntime(runtime),
    tier: 'embedded',
  } as z.output<typeof ModelView>;
}

export const listModels = endpoint({
  operationId: 'models.installed.list',
  method: 'GET',
  path: '/api/models',
  tag: 'Models',
  summary: {
    en: 'The models on this disk, with their state in memory.',
    fr: 'Les modèles de ce disque et leur état en mémoire.',
  },
  dialect: 'native',
  replies: { 200: z.object({ models: z.array(ModelView) }).meta({ id: 'ModelViewList' }) },
  errors: [],
  async handle(_input, { rooms }) {
    return { json: { models: (await rooms.models.list()).map((model) => toModelView(model, rooms.engine)) } };
  },
});

export const getModel = endpoint({
  operationId: 'models.installed.get',
  method: 'GET',
  path: '/api/models/{id+}',
  tag: 'Models',
  summary: { en: 'One model of this disk.', fr: 'Un modèle de ce disque.' },
  dialect: 'native',
  params,
  replies: { 200: ModelView },
  errors: ['model_not_found'],
  async handle({ params: { id: name } }, { rooms }) {
    return { json: toModelView(await rooms.models.get(name), rooms.engine) };
  },
});

export const deleteModel = endpoint({
  operationId: 'models.installed.delete',
  method: 'DELETE',
  path: '/api/models/{id+}',
  tag: 'Models',
  summary: {
    en: 'Removes a model from memory and from this disk.',
    fr: 'Retire un modèle de la mémoire et de ce disque.',
  },
  dialect: 'native',
  right: 'model.manage',
  params,
  replies: { 204: null },
  errors: ['model_not_found'],
  async handle({ params: { id: name } }, { rooms }) {
    const model = await rooms.models.get(name);
    await rooms.engine.unload(model.id);
    await rooms.models.remove(model.id);
    rooms.aliases.hide(name);
    return { empty: 204 };
  },
});

export const fetchModel = endpoint({
  operationId: 'models.fetch',
  method: 'POST',
  path: '/api/models/fetch',
  tag: 'Models',
  summary: {
    en: 'Gets a model and reports until it is installed.',
    fr: 'Récupère un modèle et rend compte jusqu’à son installation.',
  },
  dialect: 'native',
  right: 'model.manage',
  body: z
    .strictObject({
      reference: z.string().min(1).max(2000).meta({
        description: 'A name of the catalogue, `hf.co/owner/repo[:quant]`, `ollama:name[:tag]`, a URL or a path.',
      }),
    })
    .meta({ id: 'ModelFetchRequest' }),
  replies: { 200: null },
  events: {
    looking: z.object({ type: z.literal('looking'), source: z.string() }),
    'source-failed': z.object({ type: z.literal('source-failed'), source: z.string(), reason: z.string() }),
    progress: z.object({
      type: z.literal('progress'),
      phase: z.enum(['downloading', 'verifying', 'unpacking', 'converting']),
      source: z.string(),
      completedBytes: z.int(),
      totalBytes: z.int().optional(),
      bytesPerSecond: z.number(),
    }),
    done: z.object({ type: z.literal('done'), model: ModelView }),
  },
  errors: [
    'model_not_found',
    'pull_failed',
    'checksum_mismatch',
    'disk_insufficient',
    'disk_full',
    'egress_denied',
    'egress_failed',
    'model_file_invalid',
  ],
  async handle({ body }, { rooms, signal, accept }) {
    async function* named(events: AsyncIterable<PullEvent>): AsyncGenerator<{ event: string; data: unknown }> {
      for await (const event of events) {
        const data = event.type === 'done' ? { ...event, model: toModelView(event.model, rooms.engine) } : event;
        yield { event: event.type, data };
      }
    }
    return nativeStream(named(await started(rooms.models.pull(body.reference, { signal }))), { accept });
  },
});

export const loadModel = endpoint({
  operationId: 'models.load',
  method: 'POST',
  path: '/api/models/{id+}/load',
  tag: 'Models',
  summary: {
    en: 'Loads a model into memory and reports until it is ready.',
    fr: 'Charge un modèle en mémoire et rend compte jusqu’à ce qu’il soit prêt.',
  },
  dialect: 'native',
  params,
  body: z
    .strictObject({ pin: z.boolean().optional().meta({ description: 'Keep it in memory until it is unloaded.' }) })
    .meta({ id: 'ModelLoadRequest' }),
  bodyOptional: true,
  replies: { 200: null },
  events: {
    progress: z.object({ phase: z.string(), progress: z.number() }),
    ready: z.object({ runtime: Runtime.nullable() }),
  },
  errors: ['model_not_found', 'model_load_failed', 'memory_insufficient', 'engine_unavailable'],
  async handle({ params: { id: name }, body }, { rooms, signal, accept }) {
    const model = await rooms.models.get(name);
    const states = await started(rooms.engine.load(model.id, { signal, ...(body.pin ? { pin: true } : {}) }));
    async function* events(): AsyncGenerator<{ event: string; data: unknown }> {
      for await (const data of states) yield { event: 'progress', data };
      yield {
        event: 'ready',
        data: { runtime: toRuntime(rooms.engine.list().find((loaded) => loaded.id === model.id)) },
      };
    }
    return nativeStream(events(), { accept });
  },
});

export const unloadModel = endpoint({
  operationId: 'models.unload',
  method: 'POST',
  path: '/api/models/{id+}/unload',
  tag: 'Models',
  summary: { en: 'Takes a model out of memory.', fr: 'Retire un modèle de la mémoire.' },
  dialect: 'native',
  right: 'model.manage',
  params,
  replies: { 204: null },
  errors: ['model_not_found'],
  async handle({ params: { id: name } }, { rooms }) {
    await rooms.engine.unload((await rooms.models.get(name)).id);
    return { empty: 204 };
  },
});

export const optimizeModel = endpoint({
  operationId: 'models.optimize',
  method: 'POST',
  path: '/api/models/{id+}/optimize',
  tag: 'Models',
  summary: {
    en: 'Makes a copy tuned to this machine, with its gain and loss measured.',
    fr: 'Fabrique une copie accordée à cette machine, gain et perte mesurés.',
  },
  dialect: 'native',
  right: 'model.manage',
  params,
  replies: { 200: null },
  events: {
    progress: z.looseObject({ phase: z.string(), progress: z.number() }),
    done: z.object({ tuned: Tuned.nullable() }),
  },
  errors: ['model_not_found', 'model_unusable', 'disk_insufficient', 'engine_unavailable'],
  async handle({ params: { id: name } }, { rooms, signal, accept }) {
    const model = await rooms.models.get(name);
    async function* events(): AsyncGenerator<{ event: string; data: unknown }> {
      for await (const { type, ...data } of rooms.optimize(model, { signal }))
        yield { event: type, data: type === 'done' && 'tuned' in data ? { tuned: data.tuned ?? null } : data };
    }
    return nativeStream(await started(events()), { accept });
  },
});

export const listCatalogue = endpoint({
  operationId: 'catalogue.list',
  method: 'GET',
  path: '/api/catalogue',
  tag: 'Models',
  summary: {
    en: 'Models that can be fetched, and which of them fit this machine.',
    fr: 'Les modèles que l’on peut récupérer, et ceux qui tiennent sur cette machine.',
  },
  dialect: 'native',
  replies: { 200: Catalogue },
  errors: [],
  async handle(_input, { rooms }) {
    const installed = new Set((await rooms.models.list()).map((model) => model.id));
    const machine = { memoryBytes: totalmem() };
    const shown = (entry: CatalogueEntry): object => {
      const { verdict, variant, neededBytes, tokensPerSecond } = fitOf(entry, machine);
      return {
        ...entry,
        installed: installed.has(entry.id),
        fit: verdict,
        bestVariant: variant,
        neededBytes,
        tokensPerSecond,
      };
    };
    return { json: { entries: rooms.models.catalogue().map(shown) } };
  },
});
