import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Client, type Entry, InvalidCredentialsError, type SearchOptions } from 'ldapts';
import type { Egress } from '../egress/index.ts';
import { signInFailed } from './failure.ts';
import type { DirectorySettings } from './settings.ts';
import type { ProvenPerson } from './types.ts';

/**
 * Signing in with the password of an LDAP directory: a service account finds the one entry of a name, then the directory is
 * asked to take that entry's password. Names are escaped, referrals are not followed, an empty password is refused here, since
 * a directory takes it for an anonymous sign-in and says yes.
 *
 * Does not cover: nested groups (Active Directory's filter `(member:1.2.840.113556.1.4.1941:={dn})` does), changing passwords.
 */
export class Directory {
  readonly #settings: DirectorySettings;
  readonly #egress: Egress;

  constructor(settings: DirectorySettings, egress: Egress) {
    this.#settings = settings;
    this.#egress = egress;
  }

  /**
   * @returns undefined for a wrong name or password.
   * @throws {IntramurosError} `sign_in_failed` when the directory cannot be asked.
   */
  async prove(name: string, password: string, signal?: AbortSignal): Promise<ProvenPerson | undefined> {
    if (name === '' || password === '' || name.length > 256) return undefined;
    try {
      return await this.#with(signal, async (client) => {
        await this.#bindService(client);
        const entry = await this.#findEntry(client, name);
        if (entry === undefined || !(await this.#accepts(entry.dn, password, signal))) return undefined;
        return this.#toPerson(entry, await this.#groupsOf(client, entry, name));
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw signInFailed(
        'directory_unavailable',
        'The directory cannot be asked now. Try again, or tell an administrator.',
        error,
      );
    }
  }

  /** A connection of its own, so that a search never runs as the person. */
  async #accepts(dn: string, password: string, signal: AbortSignal | undefined): Promise<boolean> {
    return this.#with(signal, async (client) => {
      try {
        await client.bind(dn, password);
        return true;
      } catch (error) {
        if (error instanceof InvalidCredentialsError) return false;
        throw error;
      }
    });
  }

  async #bindService(client: Client): Promise<void> {
    const { bindDn, bindPassword = '' } = this.#settings;
    if (bindDn === undefined) return;
    if (bindPassword === '') throw new Error('"bindDn" has no password');
    await client.bind(bindDn, bindPassword);
  }

  /** Two entries of one name are nobody: a guess could let the wrong one in. */
  async #findEntry(client: Client, name: string): Promise<Entry | undefined> {
    const { baseDn, userFilter, attributes, groups } = this.#settings;
    const wanted = [...Object.values(attributes), ...('attribute' in groups ? [groups.attribute] : [])];
    const entries = await this.#search(client, baseDn, userFilter.replaceAll('{name}', escapeFilter(name)), wanted, 2);
    return entries.length === 1 ? entries[0] : undefined;
  }

  async #groupsOf(client: Client, entry: Entry, name: string): Promise<readonly string[]> {
    const { groups } = this.#settings;
    if ('attribute' in groups) return texts(entry, groups.attribute);
    const filter = groups.filter.replaceAll('{dn}', escapeFilter(entry.dn)).replaceAll('{name}', escapeFilter(name));
    const found = await this.#search(client, groups.baseDn, filter, [groups.name], 1_000);
    return found.flatMap((group) => (groups.name === 'dn' ? [group.dn] : texts(group, groups.name)));
  }

  async #search(
    client: Client,
    base: string,
    filter: string,
    attributes: readonly string[],
    most: number,
  ): Promise<Entry[]> {
    const options: SearchOptions = {
      scope: 'sub',
      filter,
      attributes: attributes.filter((each) => each !== 'dn'),
      explicitBufferAttributes: ['objectGUID'],
      sizeLimit: most,
      timeLimit: Math.ceil(this.#settings.timeoutMs / 1000),
    };
    const { searchEntries } = await client.search(base, options);
    return searchEntries;
  }

  #toPerson(entry: Entry, groups: readonly string[]): ProvenPerson {
    const { attributes } = this.#settings;
    const [externalId] = texts(entry, attributes.id);
    if (externalId === undefined) throw new Error(`the entry has no "${attributes.id}"`);
    const name = texts(entry, attributes.name)[0] ?? entry.dn;
    const [displayName = name] = texts(entry, attributes.displayName);
    return { origin: 'ldap', externalId, name, displayName, email: texts(entry, attributes.email)[0], groups };
  }

  /** Opens a connection through the egress door and closes it again whatever happens. */
  async #with<T>(signal: AbortSignal | undefined, work: (client: Client) => Promise<T>): Promise<T> {
    const { url, startTls, caFile, timeoutMs } = this.#settings;
    const { hostname, port, isSecure } = addressOf(url);
    const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') };
    const socket: Socket = await this.#egress.connect({
      purpose: 'sign-in',
      host: hostname,
      port,
      connectTimeoutMs: timeoutMs,
      ...(isSecure ? { tls: { ...ca, servername: hostname } } : {}),
      signal,
    });
    const leave = (): void => void socket.destroy();
    signal?.addEventListener('abort', leave, { once: true });
    const client = new Client({
      url: `ldap://${hostname}:${port}`,
      createConnection: () => socket,
      timeout: timeoutMs,
    });
    try {
      if (startTls && !isSecure) await client.startTLS({ ...ca, servername: hostname });
      return await work(client);
    } finally {
      signal?.removeEventListener('abort', leave);
      await client.unbind().catch(leave);
      socket.destroy();
    }
  }
}

/** Host and port of a directory's address. */
export function addressOf(url: string): {
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
} {
  const { hostname, port, protocol } = new URL(url);
  const isSecure = protocol === 'ldaps:';
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isSecure ? 636 : 389), isSecure };
}

/** A value as it may stand in a filter (RFC 4515): what would end or widen it is written as its bytes. */
export function escapeFilter(value: string): string {
  return [...value]
    .map((letter) => {
      const code = letter.charCodeAt(0);
      const isPlain = code > 0x7f || (code > 0x1f && code < 0x7f && !'\\*()&|!=<>~/'.includes(letter));
      return isPlain ? letter : `\\${code.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

function texts(entry: Entry, attribute: string): readonly string[] {
  const key = Object.keys(entry).find((name) => name.toLowerCase() === attribute.toLowerCase());
  const value = key === undefined ? [] : (entry[key] ?? []);
  const values = Array.isArray(value) ? value : [value];
  return values.map((item) => (typeof item === 'string' ? item : item.toString('hex'))).filter((item) => item !== '');
}
