import { createHash } from 'node:crypto';
import { z } from 'zod';
import { IntramurosError } from '../../../base/index.ts';
import type { SamplingOptions, TokenAlternative, TokenLogprob } from '../../../engine/index.ts';
import type { Usage as FlowUsage, Why } from '../../../flows/index.ts';
import type { Capability, InstalledModel } from '../../../models/index.ts';
import type { UpstreamModel } from '../../../upstreams/index.ts';
import { unsupportedParameter } from '../../http/problems.ts';
import type { GatewayRooms } from '../../rooms.ts';

/** Token counts of an answer, as OpenAI has them. */
export const Usage = z
  .object({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
    prompt_tokens_details: z.object({ cached_tokens: z.int() }),
    completion_tokens_details: z.object({ reasoning_tokens: z.int() }),
  })
  .meta({ id: 'Usage' });

export const toUsage = (
  use: Pick<FlowUsage, 'promptTokens' | 'cachedPromptTokens' | 'completionTokens' | 'thinkingTokens'>,
): z.output<typeof Usage> => ({
  prompt_tokens: use.promptTokens,
  completion_tokens: use.completionTokens,
  total_tokens: use.promptTokens + use.completionTokens,
  prompt_tokens_details: { cached_tokens: use.cachedPromptTokens },
  completion_tokens_details: { reasoning_tokens: use.thinkingTokens },
});

const Alternative = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: z.array(z.int()).nullable(),
});
export const ChatLogprobs = z
  .object({
    content: z.array(Alternative.extend({ top_logprobs: z.array(Alternative) })).nullable(),
    refusal: z.null(),
  })
  .meta({ id: 'ChatLogprobs' });

/** A probability that JSON can carry: minus infinity is -9999, as other servers have it. */
export const finite = (logprob: number): number => (Number.isFinite(logprob) ? logprob : -9999);

const toAlternative = ({ text, bytes, logprob }: TokenAlternative): z.output<typeof Alternative> => ({
  token: text,
  logprob: finite(logprob),
  bytes: [...bytes],
});
export const toChatLogprobs = (tokens: readonly TokenLogprob[]): z.output<typeof ChatLogprobs> => ({
  content: tokens.map((token) => ({ ...toAlternative(token), top_logprobs: token.top.map(toAlternative) })),
  refusal: null,
});

export const finishReason = (why: Why): 'stop' | 'length' => (why === 'length' ? 'length' : 'stop');

/** Parameters of sampling that chat and text completions share. */
export const samplingShape = {
  temperature: z.number().min(0).max(2).nullish().meta({ description: '0 always takes the likeliest token.' }),
  top_p: z.number().min(0).max(1).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  seed: z.int().nullish().meta({ description: 'Same seed, same load, same text.' }),
  logit_bias: z
    .record(z.string().regex(/^\d{1,7}$/), z.number().min(-100).max(100))
    .nullish()
    .meta({ description: 'Added to the logits, by token id of this model.' }),
  stop: z
    .union([z.string(), z.array(z.string()).max(16)])
    .nullish()
    .meta({ description: 'Texts that end the answer; they are not part of it.' }),
  n: z.int().min(1).max(16).nullish().meta({ description: 'Independent answers to one prompt.' }),
  user: z.string().nullish(),
  top_k: z.int().min(0).nullish().meta({ description: 'Not of OpenAI: only the k likeliest tokens.' }),
  min_p: z.number().min(0).max(1).nullish().meta({ description: 'Not of OpenAI: least share of the likeliest.' }),
  repeat_penalty: z.number().min(0).max(10).nullish().meta({ description: 'Not of OpenAI; 1 is none.' }),
  repeat_last_n: z.int().min(-1).nullish().meta({ description: 'Not of OpenAI: how far the penalties look back.' }),
  ignore_eos: z.boolean().nullish().meta({ description: 'Not of OpenAI: go on past the end, for benchmarks.' }),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
} as const;

/** In JSON Schema: `stream_options` only with `stream: true`. */
export const streamOptionsNeedStream = {
  if: { required: ['stream_options'], properties: { stream_options: { type: 'object' } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ['stream'], properties: { stream: { const: true } } },
} as const;

/** In JSON Schema: `top_logprobs` only with `logprobs: true`. */
export const topLogprobsNeedLogprobs = {
  if: { required: ['top_logprobs'], properties: { top_logprobs: { type: 'integer' } } },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ['logprobs'], properties: { logprobs: { const: true } } },
} as const;

type Sampling = { readonly [K in keyof typeof samplingShape]?: z.output<(typeof samplingShape)[K]> };

/** The sampling of a request in the engine's words; what is absent stays absent. */
export function toSampling(body: Sampling): SamplingOptions {
  const options = {
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    minP: body.min_p,
    repeatPenalty: body.repeat_penalty,
    repeatLastN: body.repeat_last_n,
    frequencyPenalty: body.frequency_penalty,
    presencePenalty: body.presence_penalty,
    seed: body.seed,
    logitBias: body.logit_bias,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));
}

/** Stop sequences as a list; empty ones stop nothing. */
export function toStops(stop: Sampling['stop']): readonly string[] {
  if (stop === undefined || stop === null) return [];
  return (typeof stop === 'string' ? [stop] : stop).filter((text) => text !== '');
}

/** Why a value of a parameter cannot be honoured; undefined where it can, or changes nothing. */
export type Refusal = (value: unknown) => string | undefined;

const none = (value: unknown): boolean => value === undefined || value === null;
export const onlyValues =
  (reason: string, ...harmless: readonly unknown[]): Refusal =>
  (value) =>
    none(value) || harmless.includes(value) ? undefined : reason;
export const onlyEmpty =
  (reason: string): Refusal =>
  (value) =>
    none(value) || (Array.isArray(value) && value.length === 0) ? undefined : reason;

/** Refuses what would change the meaning of an answer and is not served. */
export function refuse(body: Readonly<Record<string, unknown>>, refusals: Readonly<Record<string, Refusal>>): void {
  for (const [name, refusal] of Object.entries(refusals)) {
    const reason = refusal(body[name]);
    if (reason !== undefined) throw unsupportedParameter(name, reason);
  }
}

/** Parameters of other servers that constrain the text; ignoring them would give a wrong answer in silence. */
export const constraintRefusals: Readonly<Record<string, Refusal>> = Object.fromEntries(
  [
    'grammar',
    'json_schema',
    'guided_json',
    'guided_regex',
    'guided_choice',
    'guided_grammar',
    'structured_outputs',
  ].map((name) => [name, onlyValues('answers under a grammar or schema are not served yet. Leave it out.')]),
);

/** A model that answers requests: installed here, or served by an upstream. */
export type ServedModel = InstalledModel | UpstreamModel;

export const isUpstream = (model: ServedModel): model is UpstreamModel => 'upstreamId' in model;

async function findServed(rooms: GatewayRooms, name: string): Promise<ServedModel | undefined> {
  return rooms.upstreams.findModel(name) ?? (await rooms.models.find(name));
}

const can = (model: ServedModel, capability: Capability): boolean =>
  (model.capabilities as readonly Capability[]).includes(capability);

/** The same, installed here: for what no upstream does. */
export async function resolveInstalled(
  rooms: GatewayRooms,
  name: string,
  capability: Capability,
): Promise<InstalledModel> {
  const model = await resolveModel(rooms, name, capability);
  if (!isUpstream(model)) return model;
  throw new IntramurosError(
    'model_unusable',
    `Model "${model.id}" runs at an upstream, which has no such operation. Choose a model that is installed here.`,
    { facts: { model: model.id, capability } },
  );
}

/** The first model of an alias that has the capability, else the first of all. */
export async function aliased(rooms: GatewayRooms, name: string, capability: Capability): Promise<ServedModel> {
  const names = rooms.aliases.resolve(name);
  for (const candidate of names) {
    const model = await findServed(rooms, candidate);
    if (model && can(model, capability)) return model;
  }
  // What the client asked for is named in the failure, not what an alias made of it.
  return rooms.models.get((await rooms.models.find(names[0] ?? name)) ? (names[0] ?? name) : name);
}

/** The model that a request names, directly or by an alias. */
export async function resolveModel(rooms: GatewayRooms, name: string, capability: Capability): Promise<ServedModel> {
  const model = (await findServed(rooms, name)) ?? (await aliased(rooms, name, capability));
  if (can(model, capability)) return model;
  throw new IntramurosError(
    'model_unusable',
    `Model "${model.id}" cannot be used for ${capability}; it can for: ${model.capabilities.join(', ') || 'nothing known'}.`,
    { facts: { model: model.id, capability } },
  );
}

/** Changes when the file that answers changes; what an upstream serves is not known. Same fingerprint, same seed, same load → same text. */
export function fingerprint(model: ServedModel): string {
  const served = isUpstream(model) ? model.id : servedFile(model);
  return `fp_${createHash('sha256').update(served).digest('hex').slice(0, 10)}`;
}

const servedFile = (model: InstalledModel): string =>
  model.tuned?.enabled ? model.tuned.sha256 : (model.sha256 ?? model.files.join());
