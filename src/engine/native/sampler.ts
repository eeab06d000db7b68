import { randomInt } from 'node:crypto';
import type { SamplingOptions } from '../types.ts';
import type { LogitBias } from './likeliest.ts';
import type { NativeModel } from './model.ts';

/** What applies when neither the request nor the model's file says anything. */
export const samplingDefaults = {
  temperature: 0.8,
  topK: 40,
  topP: 0.95,
  minP: 0.05,
  repeatPenalty: 1,
  repeatLastN: 64,
  frequencyPenalty: 0,
  presencePenalty: 0,
} as const;

/** One answer's way of choosing tokens; holds its own random state. */
export interface NativeSampler {
  readonly handle: bigint;
  /** Tells the penalties of a token that is already in the text. */
  accept(token: number): void;
  close(): void;
}

const RANDOM_SEED = 0xffffffff; // the library takes this one for "choose a seed yourself"

/**
 * Builds the chain of samplers of one answer: bias, penalties, top-k, top-p, min-p, temperature, choice.
 * @param choice which of several answers to one prompt: each gets its own random sequence from one seed.
 */
export function openSampler(
  model: NativeModel,
  options: SamplingOptions & { readonly ignoreEndOfText?: boolean; readonly choice?: number },
): NativeSampler {
  const { api } = model.library;
  const size = model.vocabulary.size;
  const wanted = wantedSampling(model, options);
  const handle = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params());
  const add = (sampler: bigint | null): void => api.llama_sampler_chain_add(handle, sampler);
  const biases = toBiases(model, options);
  if (biases.length > 0) add(api.llama_sampler_init_logit_bias(size, biases.length, biases));
  const penalised = isPenalised(wanted);
  if (penalised) {
    const lastN = wanted.repeatLastN < 0 ? model.trainedContextTokens : wanted.repeatLastN;
    add(
      api.llama_sampler_init_penalties(
        size,
        lastN,
        wanted.repeatPenalty,
        wanted.frequencyPenalty,
        wanted.presencePenalty,
      ),
    );
  }
  if (wanted.temperature <= 0) {
    add(api.llama_sampler_init_greedy());
  } else {
    if (wanted.topK > 0) add(api.llama_sampler_init_top_k(wanted.topK));
    if (wanted.topP < 1) add(api.llama_sampler_init_top_p(wanted.topP, 1));
    if (wanted.minP > 0) add(api.llama_sampler_init_min_p(wanted.minP, 1));
    add(api.llama_sampler_init_temp(wanted.temperature));
    add(api.llama_sampler_init_dist(toSeed(options.seed, options.choice ?? 0)));
  }
  return {
    handle,
    accept(token) {
      if (penalised) api.llama_sampler_accept(handle, token);
    },
    close: () => api.llama_sampler_free(handle),
  };
}

type Wanted = ReturnType<typeof wantedSampling>;

function wantedSampling(model: NativeModel, options: SamplingOptions) {
  return { ...samplingDefaults, ...modelSampling(model), ...withoutUndefined(options) };
}

function isPenalised({ repeatPenalty, frequencyPenalty, presencePenalty }: Wanted): boolean {
  return repeatPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0;
}

/** The biases of an answer that always takes the likeliest token; undefined when it needs a sampler. */
export function greedyBiases(
  model: NativeModel,
  options: SamplingOptions & { readonly ignoreEndOfText?: boolean },
): readonly LogitBias[] | undefined {
  const wanted = wantedSampling(model, options);
  return wanted.temperature <= 0 && !isPenalised(wanted) ? toBiases(model, options) : undefined;
}

function toSeed(seed: number | undefined, choice: number): number {
  const value = seed === undefined ? randomInt(2 ** 32) : (Math.trunc(seed) + choice) >>> 0;
  return value === RANDOM_SEED ? RANDOM_SEED - 1 : value;
}

function toBiases(
  model: NativeModel,
  options: { readonly logitBias?: Readonly<Record<string, number>>; readonly ignoreEndOfText?: boolean },
): LogitBias[] {
  const biases = Object.entries(options.logitBias ?? {})
    .map(([token, bias]) => ({ token: Number(token), bias }))
    .filter(({ token }) => Number.isInteger(token) && token >= 0 && token < model.vocabulary.size);
  if (options.ignoreEndOfText) {
    for (const token of model.vocabulary.endOfGeneration) biases.push({ token, bias: Number.NEGATIVE_INFINITY });
  }
  return biases;
}

const samplingMetadata = {
  temperature: 'general.sampling.temp',
  topK: 'general.sampling.top_k',
  topP: 'general.sampling.top_p',
  minP: 'general.sampling.min_p',
  repeatPenalty: 'general.sampling.penalty_repeat',
  repeatLastN: 'general.sampling.penalty_last_n',
} as const;

/** What the model's makers recommend, from its file. */
export function modelSampling(model: NativeModel): Partial<Record<keyof typeof samplingMetadata, number>> {
  const found: Partial<Record<keyof typeof samplingMetadata, number>> = {};
  for (const [name, key] of Object.entries(samplingMetadata)) {
    const value = Number(model.metadata(key) ?? Number.NaN);
    if (Number.isFinite(value)) found[name as keyof typeof samplingMetadata] = value;
  }
  return found;
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
