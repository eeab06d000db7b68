import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import { wholeNumber } from '../http/whole-number.ts';
import { Id } from './conversation-schemas.ts';

const Total = z
  .object({
    purpose: z.string(),
    destination: z.string().meta({ description: 'Host and port, or the name of a client that dialled by itself.' }),
    loopback: z.boolean().meta({ description: 'True for this machine itself: nothing left it.' }),
    connections: z.int(),
    sentBytes: z.int(),
    receivedBytes: z.int(),
  })
  .meta({ id: 'EgressTotal' });

const AllowEntry = z
  .object({
    id: z.string().meta({ description: 'Which part of the installation wants it.' }),
    host: z.string(),
    port: z.int(),
    purpose: z.string(),
    origin: z.enum(['setting', 'upstream', 'source', 'signin']),
  })
  .meta({ id: 'EgressAllowEntry' });

const Layer = z
  .object({
    name: z.enum(['door', 'guard', 'engine', 'database', 'host']),
    active: z.boolean(),
    words: z.string().meta({ description: 'What was tried just now, and what became of it.' }),
  })
  .meta({ id: 'EgressLayer' });

const EgressState = z
  .object({
    offline: z.boolean(),
    allowList: z.array(AllowEntry),
    totals: z.array(Total).meta({ description: 'Since the server started.' }),
    layers: z.array(Layer),
    unexplainedBytes: z.int().meta({
      description:
        'Bytes to other machines that neither a decision nor the allow-list explains; anything but 0 is a fault.',
    }),
  })
  .meta({ id: 'EgressState' });

export const getEgress = endpoint({
  operationId: 'egress.get',
  method: 'GET',
  path: '/api/egress',
  tag: 'Egress',
  summary: {
    en: 'What may be reached outside, what was, and the layers that stop the rest, each tried now.',
    fr: 'Ce qui peut être joint au-dehors, ce qui l’a été, et les couches qui arrêtent le reste, chacune éprouvée à l’instant.',
  },
  dialect: 'native',
  right: 'admin.egress',
  replies: { 200: EgressState },
  errors: [],
  async handle(_input, { rooms: { egress } }) {
    const allowList = egress
      .allowList()
      .map(({ id, host, port, purpose, origin }) => ({ id, host, port, purpose, origin }));
    const layers = await egress.layers();
    const { offline } = egress;
    return {
      json: { offline, allowList, totals: egress.totals(), layers, unexplainedBytes: egress.unexplainedBytes() },
    };
  },
});

const Connection = z
  .object({
    id: z.string(),
    at: z.string(),
    purpose: z.string(),
    decisionId: z.string().nullable(),
    destinationId: z.string().nullable(),
    host: z.string(),
    port: z.int(),
    address: z.string().nullable().meta({ description: 'IP address that was dialled.' }),
    refused: z.string().nullable().meta({
      description:
        'Why nothing was dialled: `offline`, `not-allowed`, `clearance`, `address`, `limit`, `redirect` or `guard`.',
    }),
    sentBytes: z.int(),
    receivedBytes: z.int(),
    durationMs: z.int().nullable(),
  })
  .meta({ id: 'EgressConnection' });

export const listEgressConnections = endpoint({
  operationId: 'egress.connections.list',
  method: 'GET',
  path: '/api/egress/connections',
  tag: 'Egress',
  summary: {
    en: 'Every connection and every refusal, newest first, with its decision and its bytes.',
    fr: 'Chaque connexion et chaque refus, les plus récents d’abord, avec leur décision et leurs octets.',
  },
  dialect: 'native',
  right: 'admin.egress',
  query: z.object({
    limit: wholeNumber({ min: 1, max: 500 }).default(50),
    cursor: Id.optional(),
    decision: Id.optional().meta({ description: 'Only what was dialled under this decision.' }),
  }),
  replies: {
    200: z
      .object({ connections: z.array(Connection), nextCursor: z.string().nullable() })
      .meta({ id: 'EgressConnectionList' }),
  },
  errors: ['database_unavailable'],
  async handle({ query: { limit, cursor, decision } }, { rooms: { egress } }) {
    const found = await egress.page({
      limit: limit + 1,
      ...(cursor === undefined ? {} : { before: cursor }),
      ...(decision === undefined ? {} : { decisionId: decision }),
    });
    const connections = found.slice(0, limit);
    return { json: { connections, nextCursor: found.length > limit ? (connections.at(-1)?.id ?? null) : null } };
  },
});

const Offline = z.object({ offline: z.boolean() });

export const setEgressOffline = endpoint({
  operationId: 'egress.offline.set',
  method: 'PUT',
  path: '/api/egress/offline',
  tag: 'Egress',
  summary: {
    en: 'Cuts every way to other machines at once, or opens it again; holds over a restart.',
    fr: 'Coupe aussitôt tout chemin vers d’autres machines, ou le rouvre ; tient après un redémarrage.',
  },
  dialect: 'native',
  right: 'admin.egress',
  body: z.strictObject({ offline: z.boolean() }),
  replies: { 200: Offline.meta({ id: 'EgressOffline' }) },
  errors: ['audit_unavailable', 'forbidden'],
  async handle({ body: { offline } }, { rooms: { egress }, who }) {
    await egress.setOffline(offline, who.personId);
    return { json: { offline: egress.offline } };
  },
});
