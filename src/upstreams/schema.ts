import { z } from 'zod';
import { baseAddressForm, dayForm, lineForm } from '../base/index.ts';

export const upstreamKinds = ['openai', 'ollama', 'anthropic', 'bedrock'] as const;
export type UpstreamKind = (typeof upstreamKinds)[number];

/**
 * Which server speaks kind `openai`, declared, not guessed: `vllm` and `llama-server` take more sampling options, switch
 * thinking and (vLLM) keep prompt caches apart; `openai` wants `max_completion_tokens`; `compatible` is what all share.
 */
export const flavours = ['compatible', 'openai', 'vllm', 'llama-server'] as const;
export type Flavour = (typeof flavours)[number];

const day = z.string().regex(dayForm, 'wanted a date such as 2026-12-31');
const country = z
  .string()
  .regex(/^[A-Z]{2}$/, 'wanted two capital letters, such as FR')
  .nullish()
  .meta({ description: 'ISO 3166 alpha-2; absent is unknown.' });
const line = (most: number) => z.string().max(most).regex(lineForm, 'wanted one line of text').trim();

export const CertificateInput = z
  .strictObject({ certificate: line(200), scope: line(500), expires: day })
  .meta({ id: 'Certificate' });

/** What a client read and sends back with the rest: not kept, whatever it is. */
const notTheirs = z
  .unknown()
  .optional()
  .transform((): undefined => undefined);

/** Attributes of a place, as a named person declares them. `id`, `title`, `declaredBy` and `declaredAt` are not theirs to say. */
export const DestinationInput = z
  .strictObject({
    tier: z.enum(['on-premises', 'iaas', 'paas', 'saas']),
    country,
    operatorCountry: country,
    extraEuExposure: z.boolean().meta({ description: 'Whether a law from outside the EU may reach the operator.' }),
    secnumcloud: CertificateInput.nullish(),
    hds: CertificateInput.nullish(),
    retentionDays: z.int().min(0).max(36_500).nullish().meta({ description: '0 is none; absent is unknown.' }),
    trainsOnData: z.boolean().nullish().meta({ description: 'Absent is unknown, which counts as yes.' }),
    dpaRef: line(500).nullish(),
    enclave: z.boolean().default(false),
    id: notTheirs,
    title: notTheirs,
    declaredBy: notTheirs,
    declaredAt: notTheirs,
  })
  .meta({ id: 'DestinationInput' });

const micros = z.int().min(0).max(1_000_000_000_000);
export const PriceInput = z
  .strictObject({
    currency: z.string().regex(/^[A-Z]{3}$/, 'wanted three capital letters, such as EUR'),
    inputMicros: micros.meta({ description: 'Millionths of the currency a million tokens.' }),
    outputMicros: micros,
    cachedInputMicros: micros.optional(),
    asOf: day,
  })
  .meta({ id: 'Price' });

const ModelInput = z
  .strictObject({
    name: line(200),
    capabilities: z
      .array(z.enum(['chat', 'completion', 'embedding']))
      .min(1)
      .default(['chat']),
    contextTokens: z.int().min(1).max(100_000_000).nullish(),
    price: PriceInput.nullish(),
  })
  .meta({ id: 'UpstreamModelInput' });

const address = z
  .string()
  .max(500)
  .regex(baseAddressForm, 'wanted an http or https address without user, query or fragment');

const second = 1000;
const Timeouts = z
  .strictObject({
    connectMs: z
      .int()
      .min(1)
      .max(600 * second)
      .default(10 * second),
    firstTokenMs: z
      .int()
      .min(1)
      .max(3600 * second)
      .default(120 * second),
    betweenTokensMs: z
      .int()
      .min(1)
      .max(3600 * second)
      .default(60 * second),
    totalMs: z
      .int()
      .min(1)
      .max(86_400 * second)
      .default(1800 * second),
  })
  .meta({ id: 'UpstreamTimeouts' });

export const SecretInput = z
  .union([
    z.strictObject({
      apiKey: z
        .string()
        .min(1)
        .max(10_000)
        .regex(/^[\x21-\x7e]+$/, 'wanted visible ASCII characters'),
    }),
    z.strictObject({
      accessKeyId: z.string().min(1).max(200),
      secretAccessKey: z.string().min(1).max(1000),
      sessionToken: z.string().min(1).max(10_000).optional(),
    }),
  ])
  .meta({ id: 'UpstreamSecret', description: 'Kept encrypted and never shown again.' });

const fields = {
  title: line(100),
  urls: z.array(address).min(1).max(32).meta({ description: 'Base addresses of equal replicas.' }),
  flavour: z.enum(flavours),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .nullish(),
  destination: DestinationInput,
  profiles: z
    .array(z.strictObject({ match: line(200), destination: DestinationInput }))
    .max(50)
    .meta({ description: 'Models that are computed elsewhere, by prefix (`eu.`), by `cloud`, or by exact name.' }),
  models: z.array(ModelInput).max(500),
  timeouts: Timeouts,
  enabled: z.boolean(),
  fallbacks: z.array(line(300)).max(20),
} as const;

/** What declares an upstream. */
export const UpstreamInput = z
  .strictObject({
    ...fields,
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'wanted small letters, digits and hyphens, 40 at most'),
    kind: z.enum(upstreamKinds),
    flavour: fields.flavour.default('compatible'),
    profiles: fields.profiles.default([]),
    models: fields.models.default([]),
    timeouts: Timeouts.prefault({}),
    enabled: fields.enabled.default(true),
    fallbacks: fields.fallbacks.default([]),
    secret: SecretInput.nullish(),
  })
  .meta({ id: 'UpstreamCreate' });
/** As a caller writes it: what has a default may be left out. */
export type UpstreamInput = z.input<typeof UpstreamInput>;
export type ParsedUpstream = z.output<typeof UpstreamInput>;

/** What may change; `secret: null` forgets it. */
export const UpstreamPatch = z
  .strictObject({ ...fields, secret: SecretInput.nullable() })
  .partial()
  .meta({ id: 'UpstreamPatch' });
export type UpstreamPatch = z.input<typeof UpstreamPatch>;
