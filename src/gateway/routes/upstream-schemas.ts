import { z } from 'zod';
import {
  CertificateInput,
  flavours,
  PriceInput,
  type ReplicaHealth,
  type Upstream,
  upstreamKinds,
} from '../../upstreams/index.ts';

/** A place that may receive data, with what a named person declared of it. */
export const DestinationView = z
  .object({
    id: z.string(),
    title: z.string(),
    tier: z.enum(['embedded', 'on-premises', 'iaas', 'paas', 'saas']),
    country: z.string().optional(),
    operatorCountry: z.string().optional(),
    extraEuExposure: z.boolean(),
    secnumcloud: CertificateInput.optional(),
    hds: CertificateInput.optional(),
    retentionDays: z.int().optional(),
    trainsOnData: z.boolean().optional(),
    dpaRef: z.string().optional(),
    enclave: z.boolean(),
    declaredBy: z.string(),
    declaredAt: z.string(),
  })
  .meta({ id: 'Destination' });

const Model = z
  .object({
    id: z.string().meta({ description: 'What clients ask for.' }),
    upstreamId: z.string(),
    name: z.string().meta({ description: 'Name that the upstream knows.' }),
    capabilities: z.array(z.enum(['chat', 'completion', 'embedding'])),
    contextTokens: z.int().optional(),
    price: PriceInput.optional(),
    destination: DestinationView,
  })
  .meta({ id: 'UpstreamModel' });

const Replica = z
  .object({
    url: z.string(),
    state: z.enum(['well', 'ill', 'unknown']),
    words: z.string(),
    activeRequests: z.int(),
    firstTokenMs: z.int().nullable(),
    checkedAt: z.string().nullable(),
  })
  .meta({ id: 'ReplicaHealth' });

/** An upstream as administrators see it; its secret is never in it. */
export const UpstreamView = z
  .object({
    id: z.string(),
    title: z.string(),
    kind: z.enum(upstreamKinds),
    urls: z.array(z.string()),
    flavour: z.enum(flavours),
    region: z.string().optional(),
    destination: DestinationView,
    profiles: z.array(z.object({ match: z.string(), destination: DestinationView })),
    models: z.array(Model),
    timeouts: z.object({
      connectMs: z.int(),
      firstTokenMs: z.int(),
      betweenTokensMs: z.int(),
      totalMs: z.int(),
    }),
    secretSet: z.boolean().meta({ description: 'Whether a secret is stored; it is never shown.' }),
    enabled: z.boolean(),
    fallbacks: z.array(z.string()),
    version: z.int(),
    health: z.object({ replicas: z.array(Replica) }),
  })
  .meta({ id: 'Upstream' });

export const UpstreamTestView = z
  .object({
    ok: z.boolean(),
    reason: z.enum([
      'ok',
      'models_only',
      'wrong_key',
      'wrong_address',
      'unreachable',
      'tls',
      'model_unknown',
      'not_the_api',
      'timeout',
      'rate_limited',
      'denied',
      'no_model',
      'secret',
      'failed',
    ]),
    ms: z.int(),
    firstTokenMs: z.int().nullable(),
    models: z.array(z.string()).meta({ description: 'Names that the upstream itself lists.' }),
    elsewhere: z.array(z.string()).meta({ description: 'Those among them that it passes on to another service.' }),
    words: z.string(),
  })
  .meta({ id: 'UpstreamTest' });

/** Without what is undefined, and with how its replicas do. */
export function toUpstreamView(upstream: Upstream, replicas: readonly ReplicaHealth[]): z.output<typeof UpstreamView> {
  return JSON.parse(JSON.stringify({ ...upstream, health: { replicas } })) as z.output<typeof UpstreamView>;
}
