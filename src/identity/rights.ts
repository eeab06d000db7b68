import { IntramurosError } from '../base/index.ts';
import type { Role } from './people-types.ts';
import { type Right, rights } from './who.ts';

type Can = (right: Right, resource?: string) => boolean;

/** The roles that are always there. `owner` may do everything and is what the first account gets. */
export const builtInRoles: readonly Role[] = (
  [
    ['owner', 'Owner', ['*'], []],
    [
      'administrator',
      'Administrator',
      ['chat.use', 'api.use', 'model.*', 'destination.use', 'admin.*', 'policy.approve', 'label.approve'].concat([
        'audit.read',
        'usage.read',
        'backup.make',
        'break-glass',
      ]),
      [],
    ],
    ['auditor', 'Auditor', ['audit.read', 'usage.read'], []],
    ['member', 'Member', ['chat.use', 'api.use', 'model.use', 'destination.use'], []],
    ['guest', 'Guest', ['chat.use', 'model.use', 'destination.use:embedded'], []],
  ] as const
).map(([name, title, allow, deny]) => ({ name, title, allow, deny, builtIn: true, version: 1 }));

interface Rule {
  whole: boolean;
  readonly patterns: string[];
}
type Table = ReadonlyMap<Right, { readonly allow: Rule; readonly deny: Rule }>;

/** What a set of roles comes to. A denial in any of them outweighs every allowance. */
export function canOf(roles: readonly Pick<Role, 'allow' | 'deny'>[]): Can {
  const table = tableOf(roles);
  return (right, resource) => {
    const rules = table.get(right);
    if (rules === undefined || rules.deny.whole) return false;
    if (resource !== undefined && rules.deny.patterns.some((pattern) => matches(pattern, resource))) return false;
    if (rules.allow.whole) return true;
    return resource !== undefined && rules.allow.patterns.some((pattern) => matches(pattern, resource));
  };
}

function tableOf(roles: readonly Pick<Role, 'allow' | 'deny'>[]): Table {
  const table = new Map(
    rights.map((right) => [right, { allow: { whole: false, patterns: [] }, deny: { whole: false, patterns: [] } }]),
  ) as Map<Right, { allow: Rule; deny: Rule }>;
  const add = (entry: string, effect: 'allow' | 'deny'): void => {
    const { pattern, resource } = splitEntry(entry);
    for (const [right, rules] of table) {
      if (!matches(pattern, right)) continue;
      if (resource === undefined) rules[effect].whole = true;
      else rules[effect].patterns.push(resource);
    }
  };
  for (const { allow, deny } of roles) {
    for (const entry of allow) add(entry, 'allow');
    for (const entry of deny) add(entry, 'deny');
  }
  return table;
}

/** Whether a text is what a pattern names; a pattern may end in `*`. */
export function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : pattern === text;
}

function splitEntry(entry: string): { readonly pattern: string; readonly resource: string | undefined } {
  const colon = entry.indexOf(':');
  if (colon < 0) return { pattern: entry, resource: undefined };
  return { pattern: entry.slice(0, colon), resource: entry.slice(colon + 1) };
}

/** @throws {IntramurosError} `invalid_request` for an entry that names no right: a denial with a typing error denies nothing. */
export function checkEntries(entries: readonly string[]): void {
  for (const entry of entries) {
    const { pattern, resource } = splitEntry(entry);
    if (resource !== '' && rights.some((right) => matches(pattern, right))) continue;
    throw new IntramurosError(
      'invalid_request',
      `"${entry.slice(0, 80)}" names no right. Wanted one of ${rights.join(', ')}, "*" or "admin.*", with ":model/*" behind it for some resources alone.`,
      { facts: { entry: entry.slice(0, 80) } },
    );
  }
}

/** Whether somebody with `can` holds all that `roles` would give: nobody gives away more than they have. */
export function covers(can: Can, roles: readonly Pick<Role, 'allow' | 'deny'>[]): boolean {
  for (const [right, { allow, deny }] of tableOf(roles)) {
    if (deny.whole) continue;
    if (allow.whole && !can(right)) return false;
    if (!allow.whole && !allow.patterns.every((pattern) => can(right, pattern))) return false;
  }
  return true;
}
