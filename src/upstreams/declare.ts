import { IntramurosError } from '../base/index.ts';
import { type Destination, tiers } from '../policy/index.ts';
import { regionOf } from './kinds/bedrock-sign.ts';
import { isOllamaCloudName, ollamaContextTokens } from './kinds/ollama.ts';
import { DestinationInput, type ParsedUpstream, UpstreamInput } from './schema.ts';
import type { Price, Upstream, UpstreamModel, UpstreamProfile } from './types.ts';

/** Who declared a place, and when; kept beside the attributes. */
export interface Declared {
  readonly by: string;
  /** ISO time. */
  readonly at: string;
}

/** An upstream as it is stored: what was entered, without the secret, and who declared each place. */
export interface StoredUpstream {
  readonly input: Omit<ParsedUpstream, 'secret'>;
  /** By profile; the upstream's own place under the empty name. */
  readonly declared: Readonly<Record<string, Declared>>;
}

const invalid = (message: string, field: string): IntramurosError =>
  new IntramurosError('invalid_request', message, { facts: { field } });

/** First part of the names that Bedrock computes in the region that is called; everything else goes elsewhere. */
const bedrockMakers = new Set(
  'ai21 amazon anthropic cohere deepseek google luma meta minimax mistral moonshot moonshotai nvidia openai qwen stability twelvelabs writer zai'.split(
    ' ',
  ),
);

/** The whole upstream, with the destination of each of its models. @throws {IntramurosError} `invalid_request`. */
export function toUpstream(stored: StoredUpstream, version: number, secretSet: boolean): Upstream {
  const { input } = stored;
  const destination = toDestination(input.id, input.title, input.destination, stored.declared['']);
  const profiles = input.profiles.map((profile) => toProfile(input, profile, stored.declared[profile.match]));
  refuseTwins(input);
  const models = input.models.map((model): UpstreamModel => {
    const ollamaChat = input.kind === 'ollama' && !model.capabilities.every((each) => each === 'embedding');
    return {
      id: `${input.id}/${model.name}`,
      upstreamId: input.id,
      name: model.name,
      capabilities: model.capabilities,
      contextTokens: model.contextTokens ?? (ollamaChat ? ollamaContextTokens : undefined),
      price: model.price ? (JSON.parse(JSON.stringify(model.price)) as Price) : undefined,
      destination: destinationOf(input, model.name, destination, profiles),
    };
  });
  return {
    id: input.id,
    title: input.title,
    kind: input.kind,
    urls: input.urls.map((url) => url.replace(/\/+$/, '')),
    flavour: input.flavour,
    region: input.region ?? undefined,
    destination,
    profiles,
    models,
    timeouts: input.timeouts,
    secretSet,
    enabled: input.enabled,
    fallbacks: input.fallbacks,
    version,
  };
}

function refuseTwins({ id, urls, models, profiles, kind, region }: StoredUpstream['input']): void {
  if (id === 'embedded' || id === 'flow') throw invalid(`"${id}" is a reserved name. Choose another id.`, 'id');
  const twin = (names: readonly string[]) => names.find((name, at) => names.indexOf(name) !== at);
  const model = twin(models.map(({ name }) => name));
  if (model !== undefined) throw invalid(`The model "${model}" is listed twice.`, 'models');
  const profile = twin(profiles.map(({ match }) => match));
  if (profile !== undefined) throw invalid(`The profile "${profile}" is declared twice.`, 'profiles');
  const unreadable = urls.find((url) => !URL.canParse(url));
  if (unreadable !== undefined) throw invalid(`The address ${unreadable} cannot be read.`, 'urls');
  if (twin(urls) !== undefined) throw invalid(`The address ${twin(urls)} is listed twice.`, 'urls');
  const nowhere = kind === 'bedrock' && !region ? urls.find((url) => regionOf(url) === undefined) : undefined;
  if (nowhere !== undefined)
    throw invalid(`The region of ${nowhere} is not in its name. Give it in "region", such as eu-west-3.`, 'region');
}

function toDestination(
  id: string,
  title: string,
  given: ParsedUpstream['destination'],
  declared: Declared | undefined,
): Destination {
  return {
    id,
    title,
    tier: given.tier,
    country: given.country ?? undefined,
    operatorCountry: given.operatorCountry ?? undefined,
    extraEuExposure: given.extraEuExposure,
    secnumcloud: given.secnumcloud ?? undefined,
    hds: given.hds ?? undefined,
    retentionDays: given.retentionDays ?? undefined,
    trainsOnData: given.trainsOnData ?? undefined,
    dpaRef: given.dpaRef ?? undefined,
    enclave: given.enclave,
    declaredBy: declared?.by ?? '',
    declaredAt: declared?.at ?? '',
  };
}

function toProfile(
  input: StoredUpstream['input'],
  { match, destination }: ParsedUpstream['profiles'][number],
  declared: Declared | undefined,
): UpstreamProfile {
  const name = match.replace(/\.$/, '');
  return {
    match,
    destination: toDestination(`${input.id}/${name}`, `${input.title} (${name})`, destination, declared),
  };
}

/** Where a model is computed. What is computed elsewhere than the upstream itself must be declared, or is refused. */
function destinationOf(
  { kind, id }: StoredUpstream['input'],
  model: string,
  own: Destination,
  profiles: readonly UpstreamProfile[],
): Destination {
  const declared =
    profiles.find(({ match }) => match === model) ??
    (kind === 'bedrock' ? profiles.find(({ match }) => match.endsWith('.') && model.startsWith(match)) : undefined) ??
    (kind === 'ollama' && isOllamaCloudName(model) ? profiles.find(({ match }) => match === 'cloud') : undefined);
  if (declared) return declared.destination;
  if (kind === 'ollama' && isOllamaCloudName(model)) {
    throw invalid(
      `"${model}" is computed in Ollama's cloud, which is another destination than "${id}". Declare it in "profiles" with match "cloud", or leave the model out.`,
      'models',
    );
  }
  const first = model.split('.')[0] ?? '';
  if (kind === 'bedrock' && !(model.includes('.') && bedrockMakers.has(first))) {
    throw invalid(
      `"${model}" is no model of the region itself: where "${first}." computes is not declared. Declare it in "profiles" with match "${first}." (or this exact name), or leave the model out.`,
      'models',
    );
  }
  return own;
}

/** Tier order: a fallback may go to a lower one, never to a higher. */
export const tierRank = (destination: Destination): number => tiers.indexOf(destination.tier);

/** Reads what the database holds; undefined when it is no upstream of this version. */
export function parseStored(value: unknown): StoredUpstream | undefined {
  const record = value as { input?: unknown; declared?: StoredUpstream['declared'] } | null;
  const input = UpstreamInput.safeParse(record?.input);
  return input.success ? { input: input.data, declared: record?.declared ?? {} } : undefined;
}

/** Attributes alone, for comparing two declarations. */
export function attributesText(given: unknown): string {
  const { id: _id, title: _title, declaredBy: _by, declaredAt: _at, ...rest } = DestinationInput.parse(given);
  const told = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null);
  return JSON.stringify(told.sort(([a], [b]) => (a < b ? -1 : 1)));
}
