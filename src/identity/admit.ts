import type { Change } from './changes.ts';
import { checkText, nameKeyOf } from './checks.ts';
import { insertPerson, nowOf, replaceGroups } from './people.ts';
import type { ProvenPerson } from './people-types.ts';
import type { KeptPerson } from './rows.ts';
import { insertSession, refusal, type SessionOptions, whoNow } from './sessions.ts';
import type { SignedIn } from './who.ts';

type AdmitOptions = Pick<SessionOptions, 'book' | 'changes' | 'clock' | 'lifetimeMs'> & {
  readonly newRoles: readonly string[];
};

/**
 * Lets in somebody whom a provider or directory proved. Found by their id there, never by name: a name at a provider is not
 * the local account of that name. Groups that have an external name follow what was said now; others stay.
 */
export async function admit(
  options: AdmitOptions,
  proven: ProvenPerson,
  from: { readonly address?: string | undefined } = {},
): Promise<SignedIn> {
  const made = await options.changes.make('system', async (on) => {
    const known = on.book.personByExternal(proven.origin, proven.externalId);
    if (known?.disabled || on.book.count('person') === 0) throw refusal(known ? 'disabled' : 'wrong');
    const personId = known ? await refresh(on, known, proven) : await provision(on, proven, options);
    await followGroups(on, personId, proven.groups);
    return { personId, ...(await insertSession(on, options, { id: personId, origin: proven.origin }, from.address)) };
  });
  return { token: made.token, expiresAt: made.expiresAt, who: whoNow(options.book, made.personId, made.id) };
}

async function refresh(on: Change, known: KeptPerson, proven: ProvenPerson): Promise<string> {
  const displayName = checkText('displayName', proven.displayName || known.displayName);
  const email = proven.email ?? known.email ?? null;
  if (displayName !== known.displayName || email !== (known.email ?? null)) {
    await on.query('UPDATE people SET display_name = $2, email = $3, version = version + 1 WHERE id = $1', [
      known.id,
      displayName,
      email,
    ]);
    on.touch('person', known.id);
  }
  return known.id;
}

async function provision(on: Change, proven: ProvenPerson, options: AdmitOptions): Promise<string> {
  const { origin, externalId } = proven;
  const name = freeName(on, proven);
  const roles = options.newRoles;
  const id = await insertPerson(on, {
    name,
    displayName: proven.displayName || proven.name,
    email: proven.email,
    roles,
    origin,
    externalId,
    password: undefined,
    now: nowOf(options.clock),
  });
  on.record('person.create', { id, name, origin, externalId, roles });
  return id;
}

/** The name there, made fit for a sign-in name; a taken one gets the origin behind it, then a number. */
function freeName(on: Change, { name, origin }: ProvenPerson): string {
  const fit = name
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}\p{M}._@+-]+/gu, '.')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 48);
  const base = fit === '' ? origin : fit;
  const isFree = (wanted: string): boolean =>
    on.book.personByName(nameKeyOf(wanted)) === undefined && !['local', 'house', 'system'].includes(nameKeyOf(wanted));
  if (isFree(base)) return base;
  for (let number = 1; ; number += 1) {
    const wanted = number === 1 ? `${base}@${origin}` : `${base}@${origin}-${number}`;
    if (isFree(wanted)) return wanted;
  }
}

async function followGroups(on: Change, personId: string, names: readonly string[]): Promise<void> {
  const external = on.book.all('group').filter((group) => group.externalName !== undefined);
  const wanted = external.filter((group) => names.includes(group.externalName ?? '')).map(({ id }) => id);
  const before = on.book.groupsOf(personId);
  const leave = external.map(({ id }) => id).filter((id) => before.includes(id) && !wanted.includes(id));
  const enter = wanted.filter((id) => !before.includes(id));
  if (leave.length + enter.length === 0) return;
  await replaceGroups(on, personId, leave, enter);
  on.record('person.groups-followed', { id: personId, leave, enter });
}
