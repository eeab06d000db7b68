import { z } from 'zod';
import type { ErrorCode } from '../../base/index.ts';
import { sessionCookie } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { failures } from './failures.ts';

type Json = Record<string, unknown>;

/** Failures that any operation may meet, by what it takes. */
function errorCodesOf(endpoint: Endpoint): readonly ErrorCode[] {
  const codes = new Set<ErrorCode>(['forbidden_origin', 'not_acceptable', 'internal', ...endpoint.errors]);
  if (!endpoint.open) codes.add('unauthorized').add('forbidden');
  if (endpoint.params || endpoint.query || endpoint.body) codes.add('invalid_request');
  if (endpoint.body) codes.add('payload_too_large').add('unsupported_media_type');
  return [...codes].sort();
}

/** Collects component schemas while operations are described. */
class Components {
  readonly schemas: Record<string, unknown> = {};

  /** JSON Schema of a Zod type, its named parts moved to the components. */
  of(schema: z.ZodType, io: 'input' | 'output'): Json {
    const {
      $schema: _,
      $defs,
      ...own
    } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json & {
      $defs?: Record<string, Json>;
    };
    for (const [name, definition] of Object.entries($defs ?? {})) {
      const moved = relocate(definition) as Json;
      const known = this.schemas[name];
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(moved))
        throw new Error(`Schema "${name}" reads and writes differently: give the two directions two names.`);
      this.schemas[name] = moved;
    }
    return relocate(own) as Json;
  }
}

function relocate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocate);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'id' || typeof (value as Json).id !== 'string');
  return Object.fromEntries(
    entries.map(([key, inner]) =>
      key === '$ref' && typeof inner === 'string'
        ? [key, inner.replace('#/$defs/', '#/components/schemas/')]
        : [key, relocate(inner)],
    ),
  );
}

function parameters(endpoint: Endpoint, components: Components): Json[] {
  const list = (schema: z.ZodType | undefined, place: 'path' | 'query'): Json[] => {
    if (!schema) return [];
    const { properties = {}, required = [] } = components.of(schema, 'input') as {
      properties?: Record<string, Json>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, { description, ...rest }]) => ({
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    }));
  };
  return [...list(endpoint.params, 'path'), ...list(endpoint.query, 'query')];
}

/** A failure after a native stream began. */
const anyProblem = z.looseObject({ type: z.string(), status: z.int(), code: z.string() });

/** A failure after the stream began, in OpenAI's shape. */
const errorInStream = z.looseObject({
  error: z.looseObject({ message: z.string(), type: z.string(), code: z.string() }),
});

function streamContent(endpoint: Endpoint, components: Components): Json {
  if (!endpoint.events) return {};
  const isSchema = endpoint.events instanceof z.ZodType;
  const dataOf = (schema: z.ZodType): Json => ({
    type: 'string',
    contentMediaType: 'application/json',
    contentSchema: components.of(schema, 'output'),
  });
  const itemSchema = isSchema
    ? {
        type: 'object',
        properties: {
          data: { anyOf: [{ const: '[DONE]' }, dataOf(endpoint.events as z.ZodType), dataOf(errorInStream)] },
        },
        required: ['data'],
      }
    : {
        anyOf: Object.entries({ ...(endpoint.events as Record<string, z.ZodType>), error: anyProblem }).map(
          ([event, schema]) => ({
            type: 'object',
            properties: { event: { const: event }, data: dataOf(schema) },
            required: ['event', 'data'],
          }),
        ),
      };
  // `itemSchema` is of OpenAPI 3.2; tools of 3.1 that read it describe one event with it, others pass over it.
  return { 'text/event-stream': { itemSchema } };
}

function responses(endpoint: Endpoint, components: Components): Json {
  const result: Json = {};
  for (const [status, schema] of Object.entries(endpoint.replies)) {
    const types = schema === null ? [] : (endpoint.replyTypes ?? ['application/json']);
    const body = Object.fromEntries(
      types.map((type) => [
        type,
        // A text reply that is JSON all the same is described as what it parses to.
        {
          schema:
            endpoint.replyTypes && type === 'application/json' ? {} : components.of(schema as z.ZodType, 'output'),
        },
      ]),
    );
    const content = { ...body, ...(status === '200' ? streamContent(endpoint, components) : {}) };
    result[status] = {
      description: status === '204' ? 'Done; no body.' : 'As asked.',
      ...(Object.keys(content).length > 0 ? { content } : {}),
    };
  }
  const byStatus = Map.groupBy(errorCodesOf(endpoint), (code) => failures[code].status);
  const restated = Object.entries(endpoint.restated ?? {}).map(([status, codes]) => [Number(status), codes] as const);
  for (const [status, codes] of restated) byStatus.set(status, [...(byStatus.get(status) ?? []), ...codes]);
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    const description = codes.map((code) => `\`${code}\`: ${failures[code].title}.`).join(' ');
    const problem = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
    const openAi = { 'application/json': { schema: { $ref: '#/components/schemas/OpenAIError' } } };
    result[String(status)] = {
      description,
      content: endpoint.dialect === 'openai' ? { ...openAi, ...problem } : problem,
    };
  }
  return result;
}

function operation(endpoint: Endpoint, components: Components): Json {
  const list = parameters(endpoint, components);
  return {
    operationId: endpoint.operationId,
    tags: [endpoint.tag],
    summary: endpoint.summary.en,
    'x-summary-fr': endpoint.summary.fr,
    ...(endpoint.open ? { security: [] } : { 'x-right': endpoint.right ?? 'chat.use or api.use' }),
    ...(list.length > 0 ? { parameters: list } : {}),
    ...(endpoint.body
      ? {
          requestBody: {
            required: !endpoint.bodyOptional,
            content: { 'application/json': { schema: components.of(endpoint.body, 'input') } },
          },
        }
      : {}),
    responses: responses(endpoint, components),
  };
}

const problemSchema = {
  type: 'object',
  description: 'A failure as RFC 9457 has it.',
  properties: {
    type: { type: 'string', description: '`urn:intramuros:error:` and the code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What was wanted, what was found, what to do next.' },
    code: { type: 'string', description: 'Stable; see docs/errors.md.' },
    facts: { type: 'object' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, message: { type: 'string' } },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'requestId'],
};

const openAiErrorSchema = {
  type: 'object',
  description: "A failure in OpenAI's shape. With `accept: application/problem+json` any route gives RFC 9457 instead.",
  properties: {
    error: {
      type: 'object',
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'] },
        code: { type: ['string', 'null'] },
      },
      required: ['message', 'type', 'param', 'code'],
    },
  },
  required: ['error'],
};

/** The OpenAPI 3.1 document of the declared operations. The same declarations give the same bytes. */
export function buildOpenApi(endpoints: readonly Endpoint[], version: string): Json {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replace(/\{(\w+)\+\}/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint, components) };
  }
  const sorted = <T>(record: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Intramuros',
      version,
      description:
        'Language models inside your own walls. Replies are JSON, or YAML with `accept: application/yaml`; streams are server-sent events.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{}, { key: [] }, { session: [] }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].sort().map((name) => ({ name })),
    paths: sorted(paths),
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A key of a person, or the first line of `apiKeyFile`. Not needed on the machine itself as long as it has no accounts.',
        },
        session: { type: 'apiKey', in: 'cookie', name: sessionCookie, description: 'Set by signing in at the page.' },
      },
      schemas: sorted({ ...components.schemas, Problem: problemSchema, OpenAIError: openAiErrorSchema }),
    },
  };
}
