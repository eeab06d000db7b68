import { cpus, freemem, totalmem } from 'node:os';
import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import type { GatewayRooms } from '../rooms.ts';

export const getHealth = endpoint({
  operationId: 'health.get',
  method: 'GET',
  path: '/health',
  tag: 'System',
  summary: { en: 'Whether the server answers.', fr: 'Indique si le serveur répond.' },
  dialect: 'native',
  open: true,
  replies: { 200: z.object({ status: z.literal('ok'), version: z.string() }).meta({ id: 'Health' }) },
  errors: [],
  handle: (_input, { rooms }) => ({ json: { status: 'ok', version: rooms.house.version } }),
});

export const getMetrics = endpoint({
  operationId: 'metrics.get',
  method: 'GET',
  path: '/metrics',
  tag: 'System',
  summary: {
    en: 'Metrics for Prometheus, inference under the `gen_ai` names of OpenTelemetry.',
    fr: 'Mesures pour Prometheus, l’inférence sous les noms `gen_ai` d’OpenTelemetry.',
  },
  dialect: 'native',
  right: 'usage.read',
  replies: { 200: z.string() },
  replyTypes: ['text/plain'],
  errors: [],
  async handle(_input, { rooms }) {
    return { text: await rooms.metrics.render(), contentType: rooms.metrics.contentType };
  },
});

const Status = z
  .object({
    version: z.string(),
    startedAt: z.string(),
    address: z.string(),
    language: z.enum(['auto', 'fr', 'en']),
    models: z.object({ installed: z.int(), loaded: z.int() }),
    reach: z.object({
      outside: z.array(z.string()).meta({ description: 'Other machines that were reached since the start.' }),
      offline: z.boolean(),
      bytesSent: z.int(),
      bytesReceived: z.int(),
    }),
    machine: z.object({ cpu: z.string(), cores: z.int(), memoryBytes: z.int(), freeMemoryBytes: z.int() }),
    defaultModel: z.string().nullable(),
    setup: z.object({
      state: z.enum(['ready', 'working', 'failed']),
      words: z.string().optional(),
      progress: z.number().optional(),
    }),
  })
  .meta({ id: 'Status' });

/** The model of a new conversation: the setting, else the first installed one that can chat. */
export async function defaultModel(rooms: GatewayRooms): Promise<string | undefined> {
  const chosen = rooms.house.defaultModel;
  if (chosen !== undefined && (await rooms.models.find(chosen))) return chosen;
  return (await rooms.models.list()).find(({ capabilities }) => capabilities.includes('chat'))?.id;
}

export const getStatus = endpoint({
  operationId: 'status.get',
  method: 'GET',
  path: '/api/status',
  tag: 'System',
  summary: {
    en: 'What runs here, on what, and what it may reach outside.',
    fr: 'Ce qui fonctionne ici, sur quoi, et ce qui peut être atteint au-dehors.',
  },
  dialect: 'native',
  right: 'any',
  replies: { 200: Status },
  errors: [],
  async handle(_input, { rooms }) {
    const processors = cpus();
    const { house } = rooms;
    const reach = rooms.reach();
    return {
      json: {
        version: house.version,
        startedAt: new Date(house.startedAt).toISOString(),
        address: house.address(),
        language: house.language,
        models: {
          installed: (await rooms.models.list()).length,
          loaded: rooms.engine.list().filter(({ state }) => state === 'ready').length,
        },
        reach: { ...reach, outside: [...reach.outside] },
        machine: {
          cpu: processors[0]?.model ?? 'unknown',
          cores: processors.length,
          memoryBytes: totalmem(),
          freeMemoryBytes: freemem(),
        },
        defaultModel: (await defaultModel(rooms)) ?? null,
        setup: house.setup(),
      },
    };
  },
});

const Setting = z.object({
  name: z.string(),
  value: z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.string()), z.null()]),
  origin: z.enum(['flag', 'environment', 'file', 'default']),
  description: z.string(),
});

export const listSettings = endpoint({
  operationId: 'settings.list',
  method: 'GET',
  path: '/api/settings',
  tag: 'System',
  summary: {
    en: 'Every setting with its value and where it came from; secrets are never shown.',
    fr: 'Chaque réglage, sa valeur et son origine ; les secrets ne sont jamais montrés.',
  },
  dialect: 'native',
  right: 'admin.settings',
  replies: { 200: z.object({ settings: z.array(Setting) }).meta({ id: 'SettingList' }) },
  errors: [],
  handle: (_input, { rooms }) => ({ json: { settings: rooms.house.settings() } }),
});
