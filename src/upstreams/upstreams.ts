import type { Audit } from '../audit/index.ts';
import { type Clock, IntramurosError, type Logger } from '../base/index.ts';
import { type Egress, normalHost } from '../egress/index.ts';
import type { EngineEvent, GenerateRequest } from '../engine/index.ts';
import { type Clearance, type Destination, type Gate, type Label, publicLabel, type Subject } from '../policy/index.ts';
import type { Database, Secrets } from '../store/index.ts';
import { CloudGuard } from './call/cloud-guard.ts';
import { embed } from './call/embed.ts';
import { type Line, wordsOf } from './call/exchange.ts';
import { generate } from './call/generate.ts';
import { checkPurpose, listModels } from './call/list-models.ts';
import { type Relayed, type RelayRequest, relay } from './call/relay.ts';
import { tierRank, toUpstream } from './declare.ts';
import { changeUpstream, createUpstream, removeUpstream, secretPlace } from './edit.ts';
import { wireKinds } from './kinds/index.ts';
import type { UpstreamSecret } from './kinds/kind.ts';
import { Pool } from './pool/pool.ts';
import { readRecords, readRevision, type UpstreamRecord } from './records.ts';
import type { UpstreamInput, UpstreamPatch } from './schema.ts';
import { testUpstream } from './test-call.ts';
import type { Actor, ReplicaHealth, Upstream, UpstreamModel, Upstreams, UpstreamTest } from './types.ts';

export interface UpstreamsOptions {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly egress: Egress;
  readonly gate: Gate;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often a change made by another gateway on the same server is looked for. */
const refreshMs = 1000;

/** Opens the upstreams of an installation. Everything that a request asks of them is answered from memory. */
export async function openUpstreams(options: UpstreamsOptions): Promise<Upstreams> {
  const room = new Room(options);
  await room.refresh();
  if (options.database.kind === 'postgres') room.watch();
  return room;
}

interface Entry {
  readonly record: UpstreamRecord;
  readonly upstream: Upstream;
  readonly line: Line;
  readonly addresses: readonly string[];
}

class Room implements Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #pools = new Map<string, Pool>();
  readonly #guard = new CloudGuard();
  #entries = new Map<string, Entry>();
  #models = new Map<string, UpstreamModel>();
  #revision = -1;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UpstreamsOptions) {
    this.#options = options;
  }

  list(): readonly Upstream[] {
    return [...this.#entries.values()].map(({ upstream }) => upstream);
  }

  get(id: string): Upstream {
    return this.#entry(id).upstream;
  }

  findModel(id: string): UpstreamModel | undefined {
    return this.#models.get(id);
  }

  models(): readonly UpstreamModel[] {
    return [...this.#models.values()];
  }

  destinations(): readonly Destination[] {
    const places = this.list()
      .filter(({ enabled }) => enabled)
      .flatMap(({ destination, profiles }) => [destination, ...profiles.map((profile) => profile.destination)]);
    return [...new Map(places.map((place) => [place.id, place])).values()];
  }

  fallbacksOf(model: UpstreamModel): readonly UpstreamModel[] {
    const named = this.#entries.get(model.upstreamId)?.upstream.fallbacks ?? [];
    const others = named
      .map((name) => this.#models.get(name) ?? this.#models.get(`${name}/${model.name}`))
      .filter((other): other is UpstreamModel => other !== undefined && other.id !== model.id)
      .filter((other) => tierRank(other.destination) <= tierRank(model.destination))
      .filter((other) => model.capabilities.every((each) => other.capabilities.includes(each)));
    return [...new Set(others)];
  }

  addresses(model: UpstreamModel): readonly string[] {
    return this.#entry(model.upstreamId).addresses;
  }

  generate(
    clearance: Clearance,
    request: GenerateRequest,
    { model, signal }: { readonly model: UpstreamModel; readonly signal?: AbortSignal },
  ): AsyncIterable<EngineEvent> {
    return generate({ line: this.#open(clearance, model, request.prompt), clearance, request, model, signal });
  }

  async embed(
    clearance: Clearance,
    { inputs }: { readonly inputs: readonly (string | readonly number[])[] },
    { model, signal }: { readonly model: UpstreamModel; readonly signal?: AbortSignal },
  ) {
    return embed({ line: this.#open(clearance, model, inputs), clearance, inputs, model, signal });
  }

  async relay(
    clearance: Clearance,
    request: RelayRequest,
    { model, signal }: { readonly model: UpstreamModel; readonly signal?: AbortSignal },
  ): Promise<Relayed> {
    return relay({ line: this.#open(clearance, model, request.body), clearance, request, model, signal });
  }

  async create(input: UpstreamInput, by: Actor): Promise<Upstream> {
    const id = await createUpstream(this.#options, input, by, (name) => this.#tierOf(name));
    await this.refresh();
    return this.get(id);
  }

  async update(id: string, version: number, patch: UpstreamPatch, by: Actor): Promise<Upstream> {
    await this.refresh();
    const { record } = this.#entry(id);
    await changeUpstream(this.#options, { record, version, patch, by, tierOf: (name) => this.#tierOf(name) });
    await this.refresh();
    return this.get(id);
  }

  async remove(id: string, by: Actor, version?: number): Promise<void> {
    await this.refresh();
    const { record } = this.#entry(id);
    await removeUpstream(this.#options, record, version ?? record.version, by);
    this.#pools.delete(id);
    await this.refresh();
  }

  health(id: string): readonly ReplicaHealth[] {
    return this.#entry(id).line.pool.health();
  }

  async check(id: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<readonly ReplicaHealth[]> {
    const { line, upstream } = this.#entry(id);
    if (line.kind.models !== undefined) await Promise.all(upstream.urls.map((url) => checkReplica(line, url, signal)));
    return line.pool.health();
  }

  async test(
    id: string,
    options: {
      readonly model?: string;
      readonly subject: Subject;
      readonly label?: Label;
      readonly signal?: AbortSignal;
    },
  ): Promise<UpstreamTest> {
    const { line, upstream } = this.#entry(id);
    const { subject, label = publicLabel, signal } = options;
    const model = findTestModel(upstream, options.model);
    const { gate, clock } = this.#options;
    return testUpstream({ line, gate, clock, subject, label, model, addresses: addressesOf(upstream), signal });
  }

  async refresh(): Promise<void> {
    const { revision, records, unread } = await readRecords(this.#options.database);
    if (revision < this.#revision) return; // a slower reading of an older state
    if (revision !== this.#revision && unread.length > 0)
      this.#options.log.error({ upstreams: unread }, 'upstreams that this version cannot read are left out');
    this.#revision = revision;
    const before = this.#entries;
    this.#entries = new Map();
    for (const record of records) {
      const kept = before.get(record.id);
      const entry = kept?.record.version === record.version ? kept : this.#toEntry(record);
      if (entry) this.#entries.set(record.id, entry);
    }
    const enabled = this.list().filter((upstream) => upstream.enabled);
    this.#models = new Map(enabled.flatMap(({ models }) => models.map((model) => [model.id, model] as const)));
    // Also those that are switched off: an administrator tests a service before it is used. Only its list of models is read so.
    this.#options.egress.allow('upstreams', this.list().flatMap(allowed));
  }

  /** Looks for changes of other gateways, one query at a time. */
  watch(): void {
    const look = async (): Promise<void> => {
      try {
        if ((await readRevision(this.#options.database)) !== this.#revision) await this.refresh();
      } catch (error) {
        this.#options.log.warn({ error: wordsOf(error) }, 'upstreams could not be read again; those known stay');
      }
      if (this.#timer) this.#timer = setTimeout(look, refreshMs).unref();
    };
    this.#timer = setTimeout(look, refreshMs).unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#options.egress.allow('upstreams', []);
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry) return entry;
    throw new IntramurosError('not_found', `There is no upstream "${id}". "intramuros upstream list" shows them.`, {
      facts: { id },
    });
  }

  /** The way to an upstream, for who holds the right to send there. */
  #open(clearance: Clearance, model: UpstreamModel, sent: object): Line {
    const current = this.#models.get(model.id);
    if (current === undefined || clearance.destinationId !== current.destination.id) {
      throw new IntramurosError(
        'destination_denied',
        `The decision was made for "${clearance.destinationId}", and "${model.id}" is computed elsewhere or is no longer served.`,
        { facts: { reason: 'clearance', model: model.id } },
      );
    }
    if (!this.#options.gate.covers(clearance, sent)) {
      throw new IntramurosError(
        'destination_denied',
        `"${clearance.destinationId}" may receive this only with names replaced, and something else was to be sent.`,
        { facts: { reason: 'not_pseudonymised', model: model.id } },
      );
    }
    return this.#entry(model.upstreamId).line;
  }

  #tierOf(name: string): number | undefined {
    const model = this.#models.get(name) ?? this.#entries.get(name)?.upstream;
    return model && tierRank(model.destination);
  }

  #toEntry(record: UpstreamRecord): Entry | undefined {
    const { egress, clock, log, secrets } = this.#options;
    try {
      const upstream = toUpstream(record.stored, record.version, record.sealed !== null);
      const pool = this.#pools.get(record.id) ?? new Pool(clock, upstream.urls);
      pool.setUrls(upstream.urls);
      this.#pools.set(record.id, pool);
      let opened: UpstreamSecret | undefined;
      const secret = (): UpstreamSecret => (opened ??= openSecret(secrets, record));
      const line: Line = {
        upstream,
        kind: wireKinds[upstream.kind],
        pool,
        egress,
        clock,
        log,
        guard: this.#guard,
        secret,
      };
      return { record, upstream, line, addresses: addressesOf(upstream) };
    } catch (error) {
      log.error({ upstream: record.id, error: wordsOf(error) }, 'an upstream is not as it must be and is left out');
      return undefined;
    }
  }
}

function openSecret(secrets: Secrets, { id, sealed }: UpstreamRecord): UpstreamSecret {
  return sealed === null ? {} : (JSON.parse(secrets.open(secretPlace(id), sealed)) as UpstreamSecret);
}

function findTestModel(upstream: Upstream, name: string | undefined): UpstreamModel | undefined {
  if (name === undefined) return upstream.models[0];
  const model = upstream.models.find((each) => each.name === name || each.id === name);
  if (model) return model;
  throw new IntramurosError('model_not_found', `The upstream "${upstream.id}" has no model "${name}" declared.`, {
    facts: { model: name },
  });
}

async function checkReplica(line: Line, url: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    const found = await listModels(line, url, signal);
    line.pool.note(url, true, `It lists ${found?.length ?? 0} models.`);
  } catch (error) {
    signal?.throwIfAborted();
    line.pool.note(url, false, wordsOf(error));
  }
}

function hostAndPort(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: normalHost(hostname) ?? hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)) };
}

function addressesOf({ urls }: Upstream): readonly string[] {
  return urls.map(hostAndPort).map(({ host, port }) => `${host}:${port}`);
}

function allowed({ urls, destination }: Upstream) {
  const isHome = destination.tier === 'on-premises';
  return urls
    .map(hostAndPort)
    .map(({ host, port }) => ({ host, port, purpose: checkPurpose, origin: 'upstream' as const, private: isHome }));
}
