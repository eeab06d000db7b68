import { z } from 'zod';
import { IntramurosError } from '../../base/index.ts';
import type { InstalledModel } from '../../models/index.ts';
import { resolveInstalled } from '../dialects/openai/common.ts';
import { endpoint } from '../http/endpoint.ts';
import { asMissing } from '../http/missing.ts';
import { InvalidRequestError } from '../http/problems.ts';
import type { GatewayRooms } from '../rooms.ts';

/** The model of a request that may leave it out: the default, else the first that can write. */
async function modelOf(rooms: GatewayRooms, name: string | null | undefined): Promise<InstalledModel> {
  const wanted = name ?? rooms.house.defaultModel;
  if (wanted) return resolveInstalled(rooms, wanted, 'completion');
  const first = (await rooms.models.list()).find(({ capabilities }) => capabilities.includes('completion'));
  if (first) return first;
  throw new IntramurosError('model_not_found', 'No model is installed. Get one with "intramuros pull smollm2:135m".');
}

const model = z.string().min(1).nullish().meta({ description: 'The default model when absent.' });
const errors = [
  'not_found',
  'model_not_found',
  'model_unusable',
  'model_load_failed',
  'memory_insufficient',
  'engine_crashed',
  'engine_unavailable',
] as const;

export const tokenize = endpoint({
  operationId: 'tokenize',
  method: 'POST',
  path: '/tokenize',
  tag: 'Tokens',
  summary: { en: 'The token ids of a text.', fr: 'Les numéros de jetons d’un texte.' },
  dialect: 'openai',
  body: z
    .looseObject({
      content: z.string().nullish().meta({ description: 'The text; `prompt` is read too.' }),
      prompt: z.string().nullish(),
      model,
      add_special: z.boolean().nullish().meta({ description: "Also the model's own opening tokens." }),
      parse_special: z.boolean().nullish().meta({ description: 'Read special tokens in the text; true when absent.' }),
      with_pieces: z.boolean().nullish().meta({ description: 'Give each token with its text, or its bytes.' }),
    })
    .meta({
      id: 'TokenizeRequest',
      anyOf: [
        { required: ['content'], properties: { content: { type: 'string' } } },
        { required: ['prompt'], properties: { prompt: { type: 'string' } } },
      ],
    }),
  replies: {
    200: z
      .object({
        tokens: z.union([
          z.array(z.int()),
          z.array(z.object({ id: z.int(), piece: z.union([z.string(), z.array(z.int())]) })),
        ]),
      })
      .meta({ id: 'TokenList' }),
  },
  errors,
  async handle({ body }, { rooms }) {
    const text = body.content ?? body.prompt;
    if (typeof text !== 'string')
      throw new InvalidRequestError('"content": is missing; wanted string.', [
        { path: 'content', message: 'is missing; wanted string' },
      ]);
    const { id } = await modelOf(rooms, body.model);
    const tokens = await rooms.engine.tokenize({
      model: id,
      text,
      addSpecial: body.add_special ?? false,
      parseSpecial: body.parse_special ?? true,
    });
    if (!body.with_pieces) return { json: { tokens: tokens.map(({ token }) => token) } };
    // A token that is only part of a character has no text of its own: its bytes then, as llama-server has it.
    const piece = (token: (typeof tokens)[number]): string | readonly number[] =>
      token.text.includes('\uFFFD') ? token.bytes : token.text;
    return { json: { tokens: tokens.map((token) => ({ id: token.token, piece: piece(token) })) } };
  },
});

export const detokenize = endpoint({
  operationId: 'detokenize',
  method: 'POST',
  path: '/detokenize',
  tag: 'Tokens',
  summary: { en: 'The text of token ids.', fr: 'Le texte de numéros de jetons.' },
  dialect: 'openai',
  body: z.looseObject({ tokens: z.array(z.int().min(0).max(2_147_483_647)), model }).meta({ id: 'DetokenizeRequest' }),
  replies: { 200: z.object({ content: z.string() }).meta({ id: 'TokenText' }) },
  errors,
  async handle({ body }, { rooms }) {
    const { id } = await modelOf(rooms, body.model);
    const content = await rooms.engine
      .detokenize({ model: id, tokens: body.tokens })
      .catch(asMissing(true, 'not_found'));
    return { json: { content } };
  },
});
