import * as oidc from 'openid-client';
import { IntramurosError } from '../base/index.ts';
import type { Egress } from '../egress/index.ts';
import { signInFailed } from './failure.ts';
import { isHere, type ProviderSettings } from './settings.ts';
import type { ProvenPerson } from './types.ts';

/** What the browser keeps between leaving for the provider and coming back: no secret of ours, but bound to this sign-in. */
interface Kept {
  readonly id: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly untilMs: number;
}

const keepMs = 10 * 60_000;
const timeoutSeconds = 15;
const mostBytes = 1024 * 1024;

export interface Departure {
  /** Where the browser goes. */
  readonly location: string;
  /** Goes into a cookie (HttpOnly, SameSite=Lax: the provider sends the browser back from another site) for `maxAgeSeconds`. */
  readonly keep: string;
  readonly maxAgeSeconds: number;
}

/**
 * OpenID Connect with one provider: authorization code, PKCE, state and nonce; tokens' signatures are checked against the
 * provider's keys, which are read at each sign-in, so that a changed key is known at once. All its traffic goes through the
 * egress door.
 *
 * Does not cover: signing out at the provider, and tokens kept for later; what the provider gives is used once and dropped.
 */
export class Provider {
  readonly id: string;
  readonly title: string;
  readonly #settings: ProviderSettings;
  readonly #egress: Egress;
  readonly #nowMs: () => number;

  constructor(settings: ProviderSettings, egress: Egress, nowMs: () => number) {
    this.id = settings.id;
    this.title = settings.title;
    this.#settings = settings;
    this.#egress = egress;
    this.#nowMs = nowMs;
  }

  /** @throws {IntramurosError} `sign_in_failed` when the provider cannot be reached. */
  async start(redirectUri: string, signal?: AbortSignal): Promise<Departure> {
    const config = await this.#open(signal);
    const kept: Kept = {
      id: this.id,
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
      untilMs: this.#nowMs() + keepMs,
    };
    const location = oidc.buildAuthorizationUrl(config, {
      ...this.#settings.parameters,
      redirect_uri: redirectUri,
      scope: this.#settings.scopes.join(' '),
      state: kept.state,
      nonce: kept.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(kept.verifier),
      code_challenge_method: 'S256',
    });
    const keep = Buffer.from(JSON.stringify(kept)).toString('base64url');
    return { location: location.href, keep, maxAgeSeconds: keepMs / 1000 };
  }

  /**
   * @param url the address that the browser came back to, as it was registered.
   * @throws {IntramurosError} `sign_in_failed` with `facts.reason`.
   */
  async finish(url: URL, keep: string | undefined, signal?: AbortSignal): Promise<ProvenPerson> {
    const kept = this.#readKept(keep);
    const config = await this.#open(signal);
    try {
      const tokens = await oidc.authorizationCodeGrant(config, url, {
        expectedState: kept.state,
        expectedNonce: kept.nonce,
        pkceCodeVerifier: kept.verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new Error('no ID token');
      const more = config.serverMetadata().userinfo_endpoint
        ? await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
        : {};
      return this.#toPerson({ ...claims, ...more, iss: claims.iss, sub: claims.sub });
    } catch (error) {
      throw this.#inWords(error);
    }
  }

  async #open(signal: AbortSignal | undefined): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret, idTokenAlgorithm, userInfoAlgorithm } = this.#settings;
    const isOpen = new URL(issuer).protocol === 'http:' && isHere(new URL(issuer).hostname);
    try {
      return await oidc.discovery(
        new URL(issuer),
        clientId,
        {
          id_token_signed_response_alg: idTokenAlgorithm,
          ...(userInfoAlgorithm ? { userinfo_signed_response_alg: userInfoAlgorithm } : {}),
        },
        clientSecret ? oidc.ClientSecretBasic(clientSecret) : oidc.None(),
        {
          timeout: timeoutSeconds,
          [oidc.customFetch]: this.#fetch(signal),
          execute: [oidc.enableNonRepudiationChecks, ...(isOpen ? [oidc.allowInsecureRequests] : [])],
        },
      );
    } catch (error) {
      throw this.#inWords(error);
    }
  }

  #fetch(signal: AbortSignal | undefined): oidc.CustomFetch {
    return async (url, { method, headers, body, signal: ending }) => {
      const signals = [signal, ending ?? undefined].filter((each) => each !== undefined);
      const reply = await this.#egress.fetch(url, {
        purpose: 'sign-in',
        method,
        headers,
        redirects: 0,
        signal: AbortSignal.any(signals),
        ...(body === undefined || body === null ? {} : { body: toBody(body) }),
      });
      const text = await reply.text(mostBytes);
      const given = Object.entries(reply.headers).filter((each): each is [string, string] => each[1] !== undefined);
      const hasBody = ![204, 205, 304].includes(reply.status);
      return new Response(hasBody ? text : null, {
        status: reply.status,
        headers: given.filter(([name]) => name !== 'content-encoding'),
      });
    };
  }

  #readKept(keep: string | undefined): Kept {
    const kept = parseKept(keep);
    if (kept?.id === this.id && kept.untilMs > this.#nowMs()) return kept;
    throw signInFailed(
      'wrong',
      'This sign-in was not begun in this browser, or more than ten minutes ago. Begin again.',
    );
  }

  #toPerson(claims: Readonly<Record<string, unknown>>): ProvenPerson {
    const { claims: names } = this.#settings;
    const text = (path: string): string | undefined => {
      const value = find(claims, path);
      return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
    };
    const email = text(names.email);
    const name = text(names.name) ?? email ?? String(claims.sub);
    const full = [claims.given_name, claims.usual_name ?? claims.family_name].filter(
      (part) => typeof part === 'string',
    );
    return {
      origin: 'oidc',
      externalId: JSON.stringify([claims.iss, claims.sub]),
      name,
      displayName: text(names.displayName) ?? (full.join(' ') || name),
      email,
      groups: toGroups(find(claims, names.groups)),
    };
  }

  #inWords(error: unknown): IntramurosError {
    if (error instanceof IntramurosError && error.code === 'sign_in_failed') return error;
    const cause = error instanceof Error && error.cause instanceof IntramurosError ? error.cause : error;
    if (cause instanceof IntramurosError || (error as { readonly name?: unknown }).name === 'TimeoutError') {
      return signInFailed(
        'provider_unavailable',
        `${this.title} cannot be reached. Try again, or tell an administrator.`,
        cause,
      );
    }
    return signInFailed(
      'provider_refused',
      `${this.title} did not say who you are in a way that can be trusted. Begin again.`,
      error,
    );
  }
}

function parseKept(keep: string | undefined): Kept | undefined {
  try {
    return JSON.parse(Buffer.from(keep ?? '', 'base64url').toString()) as Kept;
  } catch {
    return undefined; // not ours: said to the person as such
  }
}

function toBody(body: NonNullable<oidc.FetchBody>): string | Buffer {
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  if (body instanceof Uint8Array) return Buffer.from(body);
  throw new TypeError('A sign-in sends text alone.');
}

/** A claim by its name, or by a way into objects: `realm_access.roles`. A name with dots in it comes first. */
function find(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split('.').reduce<unknown>((at, part) => {
    const isObject = typeof at === 'object' && at !== null && Object.hasOwn(at, part);
    return isObject ? (at as Record<string, unknown>)[part] : undefined;
  }, claims);
}

function toGroups(value: unknown): readonly string[] {
  const list = typeof value === 'string' ? value.split(/[\s,]+/) : value;
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string' && item !== '') : [];
}
