import type { Certificate, Upstream } from '../api/wire-house.ts';
import { type Tier, tiers } from '../api/wire-policy.ts';

/** An upstream as its form holds it: all text, until it is saved. */
export interface UpstreamDraft {
  readonly id: string;
  readonly title: string;
  readonly kind: Upstream['kind'];
  readonly urls: string;
  readonly enabled: boolean;
  readonly fallbacks: readonly string[];
  readonly models: readonly ModelDraft[];
  readonly apiKey: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly tier: Exclude<Tier, 'embedded'>;
  readonly country: string;
  readonly operatorCountry: string;
  readonly extraEuExposure: boolean;
  readonly secnumcloud: Certificate;
  readonly hds: Certificate;
  /** Empty is unknown, which policy takes as kept. */
  readonly retentionDays: string;
  readonly trainsOnData: 'yes' | 'no' | 'unknown';
  readonly dpaRef: string;
  readonly enclave: boolean;
}

export interface ModelDraft {
  readonly name: string;
  readonly capability: 'chat' | 'completion' | 'embedding';
  readonly contextTokens: string;
  readonly input: string;
  readonly output: string;
  readonly currency: string;
}

export const distantTiers = tiers.filter((tier) => tier !== 'embedded');
const noCertificate: Certificate = { certificate: '', scope: '', expires: '' };
export const noModel: ModelDraft = {
  name: '',
  capability: 'chat',
  contextTokens: '',
  input: '',
  output: '',
  currency: 'EUR',
};

export function draftOf(upstream: Upstream | undefined): UpstreamDraft {
  const place = upstream?.destination;
  return {
    id: upstream?.id ?? '',
    title: upstream?.title ?? '',
    kind: upstream?.kind ?? 'openai',
    urls: (upstream?.urls ?? []).join('\n'),
    enabled: upstream?.enabled ?? true,
    fallbacks: upstream?.fallbacks ?? [],
    models: upstream ? upstream.models.map(modelDraft) : [noModel],
    apiKey: '',
    accessKeyId: '',
    secretAccessKey: '',
    tier: place && place.tier !== 'embedded' ? place.tier : 'saas',
    country: place?.country ?? '',
    operatorCountry: place?.operatorCountry ?? '',
    // What nobody declared is taken at its worst.
    extraEuExposure: place?.extraEuExposure ?? true,
    secnumcloud: place?.secnumcloud ?? noCertificate,
    hds: place?.hds ?? noCertificate,
    retentionDays: place?.retentionDays == null ? '' : String(place.retentionDays),
    trainsOnData: place?.trainsOnData == null ? 'unknown' : place.trainsOnData ? 'yes' : 'no',
    dpaRef: place?.dpaRef ?? '',
    enclave: place?.enclave ?? false,
  };
}

function modelDraft(model: Upstream['models'][number]): ModelDraft {
  return {
    name: model.name,
    capability: model.capabilities.includes('chat')
      ? 'chat'
      : model.capabilities.includes('embedding')
        ? 'embedding'
        : 'completion',
    contextTokens: model.contextTokens == null ? '' : String(model.contextTokens),
    input: model.price ? String(model.price.inputMicros / 1e6) : '',
    output: model.price ? String(model.price.outputMicros / 1e6) : '',
    currency: model.price?.currency ?? 'EUR',
  };
}

const decimal = (text: string): number => Number(text.replace(',', '.'));

/** What is sent; what was left empty is unknown and stays away. */
export function bodyOf(draft: UpstreamDraft, today: string): Record<string, unknown> {
  const certificate = (one: Certificate) => (one.certificate.trim() && one.expires ? one : undefined);
  const secret =
    draft.kind === 'bedrock' && draft.accessKeyId
      ? { accessKeyId: draft.accessKeyId, secretAccessKey: draft.secretAccessKey }
      : draft.apiKey
        ? { apiKey: draft.apiKey }
        : undefined;
  return {
    title: draft.title.trim(),
    kind: draft.kind,
    urls: draft.urls.split(/\s+/).filter(Boolean),
    enabled: draft.enabled,
    fallbacks: draft.fallbacks,
    models: draft.models.filter(({ name }) => name.trim()).map((model) => modelBody(model, today)),
    destination: {
      tier: draft.tier,
      ...(draft.country ? { country: draft.country.toUpperCase() } : {}),
      ...(draft.operatorCountry ? { operatorCountry: draft.operatorCountry.toUpperCase() } : {}),
      extraEuExposure: draft.extraEuExposure,
      ...(certificate(draft.secnumcloud) ? { secnumcloud: certificate(draft.secnumcloud) } : {}),
      ...(certificate(draft.hds) ? { hds: certificate(draft.hds) } : {}),
      ...(draft.retentionDays === '' ? {} : { retentionDays: Number(draft.retentionDays) }),
      ...(draft.trainsOnData === 'unknown' ? {} : { trainsOnData: draft.trainsOnData === 'yes' }),
      ...(draft.dpaRef.trim() ? { dpaRef: draft.dpaRef.trim() } : {}),
      enclave: draft.enclave,
    },
    ...(secret ? { secret } : {}),
  };
}

function modelBody(model: ModelDraft, today: string): Record<string, unknown> {
  const priced = model.input !== '' && model.output !== '';
  return {
    name: model.name.trim(),
    capabilities: model.capability === 'chat' ? ['chat', 'completion'] : [model.capability],
    ...(model.contextTokens ? { contextTokens: Number(model.contextTokens) } : {}),
    ...(priced
      ? {
          price: {
            currency: model.currency.toUpperCase(),
            inputMicros: Math.round(decimal(model.input) * 1e6),
            outputMicros: Math.round(decimal(model.output) * 1e6),
            asOf: today,
          },
        }
      : {}),
  };
}
