import { type Clock, systemClock } from '../base/index.ts';
import type { AllowEntry, Egress } from '../egress/index.ts';
import { addressOf, Directory } from './directory.ts';
import { signInFailed } from './failure.ts';
import { type Departure, Provider } from './provider.ts';
import type { SignInSettings } from './settings.ts';
import type { ProvenPerson } from './types.ts';

/** Who else may say who somebody is: OpenID Connect providers, and an LDAP directory. */
export interface SignInRoom {
  readonly providers: readonly { readonly id: string; readonly title: string }[];
  /** For `identity.sessions.signIn`; undefined where there is no directory. */
  readonly directory:
    | ((name: string, password: string, signal?: AbortSignal) => Promise<ProvenPerson | undefined>)
    | undefined;
  /** @param redirectUri this server's address of the way back, as it is registered at the provider. */
  start(providerId: string, redirectUri: string, signal?: AbortSignal): Promise<Departure>;
  /** @param keep what `start` gave the browser to keep. @throws {IntramurosError} `sign_in_failed`. */
  finish(providerId: string, url: URL, keep: string | undefined, signal?: AbortSignal): Promise<ProvenPerson>;
}

/** Opens sign-in elsewhere, and the ways out that it needs, no others. */
export function openSignIn(options: {
  readonly settings: SignInSettings;
  readonly egress: Egress;
  readonly clock?: Clock;
}): SignInRoom {
  const { settings, egress, clock = systemClock } = options;
  egress.allow('signin', waysOut(settings));
  const providers = new Map(
    settings.providers.map((each) => [each.id, new Provider(each, egress, () => clock.now())] as const),
  );
  const get = (id: string): Provider => {
    const provider = providers.get(id);
    if (provider === undefined)
      throw signInFailed('unknown_provider', `There is no way to sign in called "${id.slice(0, 40)}".`);
    return provider;
  };
  const directory = settings.directory && new Directory(settings.directory, egress);
  return {
    providers: [...providers.values()].map(({ id, title }) => ({ id, title })),
    directory: directory && ((name, password, signal) => directory.prove(name, password, signal)),
    start: async (id, redirectUri, signal) => get(id).start(redirectUri, signal),
    finish: async (id, url, keep, signal) => get(id).finish(url, keep, signal),
  };
}

function waysOut({ providers, directory }: SignInSettings): readonly AllowEntry[] {
  const entry = (host: string, port: number): AllowEntry => ({
    host,
    port,
    purpose: 'sign-in',
    origin: 'signin',
    private: true,
  });
  const found = providers.flatMap(({ issuer, hosts }) => {
    const { hostname, port, protocol } = new URL(issuer);
    const at = Number(port) || (protocol === 'https:' ? 443 : 80);
    return [
      entry(hostname, at),
      ...hosts.map((host) => entry(host.split(':')[0] ?? '', Number(host.split(':')[1]) || 443)),
    ];
  });
  if (directory === undefined) return found;
  const { hostname, port } = addressOf(directory.url);
  return [...found, entry(hostname, port)];
}
