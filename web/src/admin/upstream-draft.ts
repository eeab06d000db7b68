import type { Certificate, Place, Timeouts, Upstream } from '../api/wire-house.ts';
import { type Tier, tiers } from '../api/wire-policy.ts';

/** What is declared of a place, as its form holds it: all text, until it is saved. */
export interface PlaceDraft {
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

/** An upstream as its form holds it. */
export interface UpstreamDraft {
  readonly id: string;
  readonly title: string;
  readonly kind: Upstream['kind'];
  readonly flavour: NonNullable<Upstream['flavour']>;
  readonly region: string;
  readonly urls: string;
  readonly enabled: boolean;
  readonly fallbacks: readonly string[];
  readonly models: readonly ModelDraft[];
  readonly apiKey: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly place: PlaceDraft;
  readonly profiles: readonly { readonly match: string; readonly place: PlaceDraft }[];
  /** Seconds. */
  readonly timeouts: Readonly<Record<TimeoutName, string>>;
}
export const timeoutNames = ['connectMs', 'firstTokenMs', 'betweenTokensMs', 'totalMs'] as const;
export type TimeoutName = (typeof timeoutNames)[number];

export interface ModelDraft {
  readonly name: string;
  /** Capabilities with commas between. */
  readonly capabilities: string;
  readonly contextTokens: string;
  readonly input: string;
  readonly output: string;
  readonly currency: string;
}

export const distantTiers = tiers.filter((tier) => tier !== 'embedded');
const noCertificate: Certificate = { certificate: '', scope: '', expires: '' };
export const noModel: ModelDraft = {
  name: '',
  capabilities: 'chat',
  contextTokens: '',
  input: '',
  output: '',
  currency: 'EUR',
};
const usualTimeouts: Timeouts = {
  connectMs: 10_000,
  firstTokenMs: 120_000,
  betweenTokensMs: 60_000,
  totalMs: 1_800_000,
};

/** A place of which nobody said anything is taken at its worst. */
export function placeDraft(place: Place | undefined): PlaceDraft {
  return {
    tier: place && place.tier !== 'embedded' ? place.tier : 'saas',
    country: place?.country ?? '',
    operatorCountry: place?.operatorCountry ?? '',
    extraEuExposure: place?.extraEuExposure ?? true,
    secnumcloud: place?.secnumcloud ?? noCertificate,
    hds: place?.hds ?? noCertificate,
    retentionDays: place?.retentionDays == null ? '' : String(place.retentionDays),
    trainsOnData: place?.trainsOnData == null ? 'unknown' : place.trainsOnData ? 'yes' : 'no',
    dpaRef: place?.dpaRef ?? '',
    enclave: place?.enclave ?? false,
  };
}

export function draftOf(upstream: Upstream | undefined): UpstreamDraft {
  const timeouts = upstream?.timeouts ?? usualTimeouts;
  return {
    id: upstream?.id ?? '',
    title: upstream?.title ?? '',
    kind: upstream?.kind ?? 'openai',
    flavour: upstream?.flavour ?? 'compatible',
    region: upstream?.region ?? '',
    urls: (upstream?.urls ?? []).join('\n'),
    enabled: upstream?.enabled ?? true,
    fallbacks: upstream?.fallbacks ?? [],
    models: upstream ? upstream.models.map(modelDraft) : [noModel],
    apiKey: '',
    accessKeyId: '',
    secretAccessKey: '',
    place: placeDraft(upstream?.destination),
    profiles: (upstream?.profiles ?? []).map(({ match, destination }) => ({ match, place: placeDraft(destination) })),
    timeouts: {
      connectMs: seconds(timeouts.connectMs),
      firstTokenMs: seconds(timeouts.firstTokenMs),
      betweenTokensMs: seconds(timeouts.betweenTokensMs),
      totalMs: seconds(timeouts.totalMs),
    },
  };
}
const seconds = (ms: number): string => String(ms / 1000);

function modelDraft(model: Upstream['models'][number]): ModelDraft {
  return {
    name: model.name,
    capabilities: model.capabilities.join(','),
    contextTokens: model.contextTokens == null ? '' : String(model.contextTokens),
    input: model.price ? String(model.price.inputMicros / 1e6) : '',
    output: model.price ? String(model.price.outputMicros / 1e6) : '',
    currency: model.price?.currency ?? 'EUR',
  };
}

const decimal = (text: string): number => Number(text.replace(',', '.'));

/** What is sent; what was left empty is unknown and stays away. A kind is chosen once. */
export function bodyOf(draft: UpstreamDraft, today: string, fresh: boolean): Record<string, unknown> {
  const secret =
    draft.kind === 'bedrock' && draft.accessKeyId
      ? { accessKeyId: draft.accessKeyId, secretAccessKey: draft.secretAccessKey }
      : draft.apiKey
        ? { apiKey: draft.apiKey }
        : undefined;
  return {
    ...(fresh ? { id: draft.id.trim(), kind: draft.kind } : {}),
    title: draft.title.trim(),
    flavour: draft.flavour,
    ...(draft.kind === 'bedrock' && draft.region.trim() ? { region: draft.region.trim() } : {}),
    urls: draft.urls.split(/\s+/).filter(Boolean),
    enabled: draft.enabled,
    fallbacks: draft.fallbacks,
    models: draft.models.filter(({ name }) => name.trim()).map((model) => modelBody(model, today)),
    destination: placeBody(draft.place),
    profiles: draft.profiles
      .filter(({ match }) => match.trim())
      .map(({ match, place }) => ({ match: match.trim(), destination: placeBody(place) })),
    timeouts: Object.fromEntries(
      timeoutNames.map((name) => [name, Math.max(1, Math.round(decimal(draft.timeouts[name]) * 1000)) || undefined]),
    ),
    ...(secret ? { secret } : {}),
  };
}

function placeBody(place: PlaceDraft): Record<string, unknown> {
  const certificate = (one: Certificate) =>
    one.certificate.trim() && one.expires ? { ...one, scope: one.scope.trim() || '–' } : undefined;
  const [secnumcloud, hds] = [certificate(place.secnumcloud), certificate(place.hds)];
  return {
    tier: place.tier,
    ...(place.country ? { country: place.country.toUpperCase() } : {}),
    ...(place.operatorCountry ? { operatorCountry: place.operatorCountry.toUpperCase() } : {}),
    extraEuExposure: place.extraEuExposure,
    ...(secnumcloud ? { secnumcloud } : {}),
    ...(hds ? { hds } : {}),
    ...(place.retentionDays === '' ? {} : { retentionDays: Number(place.retentionDays) }),
    ...(place.trainsOnData === 'unknown' ? {} : { trainsOnData: place.trainsOnData === 'yes' }),
    ...(place.dpaRef.trim() ? { dpaRef: place.dpaRef.trim() } : {}),
    enclave: place.enclave,
  };
}

function modelBody(model: ModelDraft, today: string): Record<string, unknown> {
  const priced = model.input !== '' && model.output !== '';
  return {
    name: model.name.trim(),
    capabilities: model.capabilities.split(','),
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
