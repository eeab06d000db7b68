import { endianness } from 'node:os';
import { z } from 'zod';
import { isUpstream, resolveModel } from '../dialects/openai/common.ts';
import { endpoint } from '../http/endpoint.ts';
import { asMissing } from '../http/missing.ts';
import { unsupportedParameter } from '../http/problems.ts';
import { callerOf, headersOf } from '../labelling.ts';
import { tryRelay } from '../relaying.ts';

const Token = z.int().min(0).max(2_147_483_647);
const EmbeddingRequest = z
  .looseObject({
    model: z.string().min(1),
    input: z.union([
      z.string().min(1),
      z.array(z.string().min(1)).min(1).max(2048),
      z.array(Token).min(1).max(131_072),
      z.array(z.array(Token).min(1).max(131_072)).min(1).max(2048),
    ]),
    encoding_format: z.enum(['float', 'base64']).nullish().meta({ description: 'base64: little-endian float32.' }),
    dimensions: z.int().min(1).nullish().meta({ description: "Only the model's own number is served." }),
    user: z.string().nullish(),
  })
  .meta({ id: 'EmbeddingRequest' });

const EmbeddingReply = z
  .object({
    object: z.literal('list'),
    model: z.string(),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: z.int(),
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    ),
    usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
  })
  .meta({ id: 'EmbeddingList' });

function toInputs(input: z.output<typeof EmbeddingRequest>['input']): readonly (string | readonly number[])[] {
  if (typeof input === 'string') return [input];
  return input.every((item) => typeof item === 'number') ? [input] : (input as readonly (string | number[])[]);
}

/** Float32, little-endian whatever the machine, in base64. */
export function toBase64(vector: Float32Array): string {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
  return (endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32()).toString('base64');
}

export const createEmbedding = endpoint({
  operationId: 'embeddings.create',
  method: 'POST',
  path: '/v1/embeddings',
  tag: 'OpenAI',
  summary: {
    en: 'Turns texts into vectors of unit length.',
    fr: 'Transforme des textes en vecteurs de longueur un.',
  },
  dialect: 'openai',
  body: EmbeddingRequest,
  replies: { 200: EmbeddingReply },
  errors: [
    'not_found',
    'unsupported_parameter',
    'destination_denied',
    'quota_exceeded',
    'forbidden',
    'policy_unavailable',
    'audit_unavailable',
    'upstream_failed',
    'upstream_timeout',
    'upstream_unavailable',
    'model_not_found',
    'model_unusable',
    'context_exceeded',
    'model_load_failed',
    'memory_insufficient',
    'queue_full',
    'engine_crashed',
    'engine_unavailable',
  ],
  async handle({ body }, context) {
    const { rooms, signal } = context;
    const model = await resolveModel(rooms, body.model, 'embedding');
    const about = { path: '/embeddings', action: 'embed', operation: 'embeddings' } as const;
    const asIs = isUpstream(model) && (rooms.house.embeddingEncoding === 'asked' || body.encoding_format !== 'base64');
    const relayed = asIs && (await tryRelay(model, body, about, context));
    if (relayed) return relayed;
    // Cutting a vector short is only sound for models trained for it; none of ours says so.
    const dimensions = isUpstream(model) ? 0 : model.embeddingLength;
    if (body.dimensions && (isUpstream(model) || (dimensions > 0 && body.dimensions !== dimensions)))
      throw unsupportedParameter(
        'dimensions',
        `vectors of "${model.id}" have ${dimensions || 'their own number of'} dimensions and cannot be shortened without loss.`,
      );
    const base64 = body.encoding_format === 'base64' && rooms.house.embeddingEncoding === 'asked';
    const inputs = toInputs(body.input);
    const { vectors, promptTokens, sent } = await rooms.answers
      .embed({ model: model.id, inputs, caller: callerOf(context) }, { signal })
      .catch(asMissing(typeof inputs[0] !== 'string', 'not_found'));
    const data = vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: base64 ? toBase64(vector) : Array.from(vector),
    }));
    return {
      headers: headersOf(sent),
      json: {
        object: 'list',
        model: model.id,
        data,
        usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
      },
    };
  },
});
