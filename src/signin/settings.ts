import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { IntramurosError } from '../base/index.ts';

const secret = {
  clientSecret: z.string().min(1).optional(),
  /** File whose first line is the secret; beside `signin.json` unless absolute. */
  clientSecretFile: z.string().optional(),
};

const provider = z.strictObject({
  /** In addresses: `/api/session/oidc/<id>/callback` is to be registered at the provider. */
  id: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  title: z.string().min(1).max(80),
  issuer: z.url(),
  clientId: z.string().min(1),
  ...secret,
  scopes: z.array(z.string()).default(['openid', 'profile', 'email']),
  /** Further hosts that the provider's description names, such as one for its keys. */
  hosts: z.array(z.string()).default([]),
  /** Algorithm in which the provider signs; anything else is refused. */
  idTokenAlgorithm: z.string().default('RS256'),
  /** Set where the answer about the person is a signed token, as ProConnect's is. */
  userInfoAlgorithm: z.string().optional(),
  /** Further parameters of the first address, such as `acr_values`. */
  parameters: z.record(z.string(), z.string()).default({}),
  /** Where in the claims things stand; dots lead into objects. */
  claims: z
    .strictObject({
      name: z.string().default('preferred_username'),
      displayName: z.string().default('name'),
      email: z.string().default('email'),
      groups: z.string().default('groups'),
    })
    .prefault({}),
});

const directory = z.strictObject({
  /** `ldaps://host`, or `ldap://host` with `startTls`. */
  url: z.string().regex(/^ldaps?:\/\/[^/?#]+\/?$/),
  startTls: z.boolean().default(false),
  /** Certificates that sign the directory's, where the system does not know them. */
  caFile: z.string().optional(),
  /** Who searches. Without one the search is anonymous. */
  bindDn: z.string().optional(),
  bindPassword: z.string().optional(),
  bindPasswordFile: z.string().optional(),
  baseDn: z.string().min(1),
  /** `{name}` is what was typed, escaped. */
  userFilter: z
    .string()
    .refine((filter) => filter.includes('{name}'), 'wanted "{name}" in it')
    .default('(uid={name})'),
  attributes: z
    .strictObject({
      id: z.string().default('entryUUID'),
      name: z.string().default('uid'),
      displayName: z.string().default('cn'),
      email: z.string().default('mail'),
    })
    .prefault({}),
  /** Groups stand in the entry (`memberOf`), or are searched with `{dn}` of the person. */
  groups: z
    .union([
      z.strictObject({ attribute: z.string() }),
      z.strictObject({
        baseDn: z.string(),
        filter: z.string().refine((filter) => filter.includes('{dn}') || filter.includes('{name}')),
        /** Attribute that is compared with a group's external name; `dn` is the whole name. */
        name: z.string().default('cn'),
      }),
    ])
    .default({ attribute: 'memberOf' }),
  timeoutMs: z.number().int().positive().default(10_000),
});

const schema = z.strictObject({
  providers: z.array(provider).max(20).default([]),
  directory: directory.optional(),
});

/** What `signin.json` says: who else may say who somebody is. */
export type SignInSettings = z.output<typeof schema>;
export type ProviderSettings = z.output<typeof provider>;
export type DirectorySettings = z.output<typeof directory>;
export type SignInSettingsInput = z.input<typeof schema>;

/**
 * Reads `signin.json` of the data directory; without one there are local accounts alone.
 * @throws {IntramurosError} `config_invalid` with the place of what is wrong, or when others may read a secret in it.
 */
export function readSignInSettings(home: string): SignInSettings {
  const file = join(home, 'signin.json');
  const text = readIfThere(file);
  if (text === undefined) return schema.parse({});
  let settings: SignInSettings;
  try {
    settings = schema.parse(JSON.parse(text));
  } catch (error) {
    const words = error instanceof z.ZodError ? z.prettifyError(error) : 'it is no JSON';
    throw wrong(`${file} cannot be used: ${words}`, error);
  }
  const hasSecret = settings.providers.some((each) => each.clientSecret) || settings.directory?.bindPassword;
  if (hasSecret) refuseReadable(file);
  const ids = settings.providers.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw wrong(`${file} names two providers by one id.`);
  checkSafeWays(settings, file);
  return withSecrets(settings, home);
}

/** Passwords and codes go over TLS, or stay on this machine. */
function checkSafeWays({ providers, directory: found }: SignInSettings, file: string): void {
  for (const { issuer } of providers) {
    const { protocol, hostname } = new URL(issuer);
    if (protocol !== 'https:' && !isHere(hostname)) throw wrong(`${file}: the issuer ${issuer} must be https.`);
  }
  if (found && !found.url.startsWith('ldaps:') && !found.startTls && !isHere(new URL(found.url).hostname)) {
    throw wrong(`${file}: passwords would go in clear to ${found.url}. Take ldaps:// or set "startTls".`);
  }
}

/** Whether a host is this machine by its very name. */
export function isHere(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]', '::1'].includes(hostname);
}

function withSecrets(settings: SignInSettings, home: string): SignInSettings {
  const { directory: found } = settings;
  return {
    providers: settings.providers.map((each) => ({
      ...each,
      clientSecret: each.clientSecretFile ? readSecret(home, each.clientSecretFile) : each.clientSecret,
    })),
    directory: found && {
      ...found,
      bindPassword: found.bindPasswordFile ? readSecret(home, found.bindPasswordFile) : found.bindPassword,
      caFile: found.caFile && place(home, found.caFile),
    },
  };
}

const place = (home: string, file: string): string => (isAbsolute(file) ? file : join(home, file));

function readSecret(home: string, name: string): string {
  const file = place(home, name);
  const line = readIfThere(file)?.split(/\r?\n/)[0]?.trim();
  if (!line) throw wrong(`${file} has no secret in its first line.`);
  refuseReadable(file);
  return line;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw wrong(`${file} cannot be read.`, error);
  }
}

function refuseReadable(file: string): void {
  if (process.platform === 'win32' || (statSync(file).mode & 0o077) === 0) return;
  throw wrong(`${file} holds a secret that other users of this machine may read. Run: chmod 600 "${file}"`);
}

function wrong(message: string, cause?: unknown): IntramurosError {
  return new IntramurosError('config_invalid', message, { cause, facts: { setting: 'signin.json' } });
}
