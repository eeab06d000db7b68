import { IntramurosError } from '../base/index.ts';
import { type Label, levels } from '../policy/index.ts';
import type { Book } from './book.ts';
import type { Role } from './people-types.ts';
import { canOf, covers } from './rights.ts';
import type { KeptPerson } from './rows.ts';
import { type Actor, rights } from './who.ts';

/** The form in which two names are the same one. */
export function nameKeyOf(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

const reserved = new Set(['local', 'house', 'system']);

/** @throws {IntramurosError} `invalid_request`. */
export function checkName(name: string): string {
  const clean = name.normalize('NFKC').trim();
  if (/^[\p{L}\p{N}][\p{L}\p{N}\p{M}._@+-]{0,63}$/u.test(clean) && !reserved.has(clean.toLowerCase())) return clean;
  throw invalid(
    'name',
    `"${clean.slice(0, 80)}" is no sign-in name. Wanted 1 to 64 letters, digits or ".", "_", "@", "+", "-", beginning with a letter or digit, and none of ${[...reserved].join(', ')}.`,
  );
}

/** Text that pages show: one line, trimmed, not empty. @throws {IntramurosError} `invalid_request`. */
export function checkText(field: string, text: string, most = 200): string {
  const clean = text
    .normalize('NFC')
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  if (clean !== '' && text.length <= most) return clean;
  throw invalid(field, `"${field}" wants 1 to ${most} characters.`);
}

/** Lists of names and patterns: trimmed, without repeats. @throws {IntramurosError} `invalid_request`. */
export function checkList(field: string, items: readonly string[]): readonly string[] {
  if (items.length > 200) throw invalid(field, `"${field}" wants at most 200 entries, found ${items.length}.`);
  return [...new Set(items.map((item) => checkText(field, item, 500)))].sort();
}

/** @throws {IntramurosError} `invalid_request` for an unknown level. */
export function checkCeiling(ceiling: Label | null | undefined): Label | null {
  if (ceiling === undefined || ceiling === null) return null;
  if (!levels.includes(ceiling.level)) {
    throw invalid(
      'ceiling',
      `"${String(ceiling.level).slice(0, 40)}" is no level. Wanted one of ${levels.join(', ')}.`,
    );
  }
  return {
    level: ceiling.level,
    mentions: checkList('mentions', ceiling.mentions ?? []),
    compartments: checkList('compartments', ceiling.compartments ?? []),
  };
}

/** The highest label that is below both: undefined is no bound. */
export function lower(a: Label | undefined, b: Label | undefined): Label | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    level: levels[Math.min(levels.indexOf(a.level), levels.indexOf(b.level))] ?? 'PUBLIC',
    mentions: a.mentions.filter((mention) => b.mentions.includes(mention)),
    compartments: a.compartments.filter((compartment) => b.compartments.includes(compartment)),
  };
}

/** @throws {IntramurosError} `invalid_request` for a role that does not exist; `forbidden` for one that gives more than the actor has. */
export function checkGrant(book: Book, by: Actor, names: readonly string[]): void {
  for (const name of names) {
    const role = book.role(name);
    if (role === undefined) throw invalid('roles', `There is no role "${name.slice(0, 80)}".`);
    if (!covers(by.can, [role])) throw beyond(`The role "${name}" allows things that you are not allowed yourself.`);
  }
}

/** Nobody changes somebody who may do more than they may themselves: a new password would be a way up. */
export function checkReach(book: Book, by: Actor, person: KeptPerson): void {
  if (covers(by.can, book.rolesNamed(book.rolesOf(person)))) return;
  throw beyond(`${person.name} may do things that you are not allowed yourself. Ask an owner.`);
}

/** Whether somebody may do everything. */
export function isOwner(roles: readonly Role[]): boolean {
  const can = canOf(roles);
  return rights.every((right) => can(right));
}

/** @throws {IntramurosError} `conflict` when nobody is left who may do everything. */
export function checkOwnerLeft(rolesOfEnabled: readonly (readonly Role[])[]): void {
  if (rolesOfEnabled.some(isOwner)) return;
  throw new IntramurosError(
    'conflict',
    'This would leave nobody who may do everything. Make somebody else an owner first.',
    { facts: { reason: 'last_owner' } },
  );
}

export function invalid(field: string, message: string): IntramurosError {
  return new IntramurosError('invalid_request', message, { facts: { field } });
}

export function beyond(message: string): IntramurosError {
  return new IntramurosError('forbidden', message, { facts: { reason: 'beyond_own_rights' } });
}

export function notFound(what: string, id: string): IntramurosError {
  return new IntramurosError('not_found', `There is no ${what} "${id.slice(0, 80)}".`);
}
