import { z } from 'zod';

const Capability = z.enum(['chat', 'completion', 'embedding', 'thinking', 'tools', 'vision']);

/** A copy of a model tuned to this machine. */
export const Tuned = z
  .looseObject({
    quantization: z.string(),
    sizeBytes: z.int(),
    kld: z.number(),
    sameTopToken: z.number(),
    enabled: z.boolean(),
  })
  .meta({ id: 'TunedCopy' });

/** State of a model in the engine. */
export const Runtime = z
  .object({
    id: z.string(),
    state: z.enum(['loading', 'ready', 'unloading', 'failed']),
    phase: z.enum(['evicting', 'starting', 'reading', 'warming']).optional(),
    progress: z.number(),
    failure: z.string().optional(),
    pid: z.int().optional(),
    residentBytes: z.number(),
    predictedBytes: z.number(),
    contextTokens: z.int(),
    contextUsedTokens: z.int(),
    activeRequests: z.int(),
    queuedRequests: z.int(),
    pinned: z.boolean(),
    expiresAt: z.number().optional(),
    file: z.string(),
    tuned: z.boolean(),
    counters: z.record(z.string(), z.number()),
  })
  .meta({ id: 'ModelRuntime' });

/** An installed model as the page and the CLI see it. */
export const ModelView = z
  .object({
    id: z.string(),
    title: z.string(),
    family: z.string().optional(),
    architecture: z.string(),
    parameterCount: z.number(),
    quantization: z.string(),
    bitsPerWeight: z.number(),
    sizeBytes: z.int(),
    contextTokens: z.int(),
    licence: z.string().optional(),
    languages: z.array(z.string()),
    capabilities: z.array(Capability),
    origin: z.object({ kind: z.string(), detail: z.string() }),
    tuned: Tuned.optional(),
    installedAt: z.string(),
    inPlace: z.boolean().optional().meta({ description: 'Used where it lay, not copied.' }),
    problem: z.string().optional().meta({ description: 'Why it cannot be served.' }),
    runtime: Runtime.nullable(),
    tier: z.literal('embedded'),
  })
  .meta({ id: 'ModelView' });

const Variant = z
  .object({
    quantization: z.string(),
    sizeBytes: z.int(),
    sha256: z.string().optional(),
    sources: z.array(z.object({ kind: z.string(), location: z.string(), path: z.string().optional() })),
  })
  .meta({ id: 'CatalogueVariant' });

/** The catalogue with what is installed and what fits. */
export const Catalogue = z
  .object({
    entries: z.array(
      z.looseObject({
        id: z.string(),
        title: z.string(),
        publisher: z.string(),
        parameterCount: z.number(),
        activeParameterCount: z.number().optional(),
        contextTokens: z.int(),
        licence: z.string(),
        languages: z.array(z.string()),
        capabilities: z.array(Capability),
        released: z.string(),
        variants: z.array(Variant),
        installed: z.boolean(),
        fit: z.enum(['fits', 'tight', 'too-large']),
        bestVariant: Variant.nullable(),
        neededBytes: z.number(),
        tokensPerSecond: z.number().meta({ description: 'Upper bound for one answer.' }),
      }),
    ),
  })
  .meta({ id: 'Catalogue' });
