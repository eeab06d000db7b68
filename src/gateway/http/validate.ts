import type { z } from 'zod';
import { type FieldError, InvalidRequestError } from './problems.ts';

/** Parses `value` with `schema`; a misfit names every wrong field with what was wanted and found. */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  place: 'body' | 'query' | 'path',
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.flatMap((issue) => toFieldErrors(issue, value, []));
  const first = fields[0] ?? { path: '', message: 'not valid' };
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : '';
  const where =
    first.path === '' ? `The ${place}` : place === 'body' ? `"${first.path}"` : `"${first.path}" of the ${place}`;
  throw new InvalidRequestError(`${where}: ${first.message}${more}.`, fields);
}

type Issue = z.core.$ZodIssue;

function toFieldErrors(issue: Issue, root: unknown, base: readonly PropertyKey[]): FieldError[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branch = mostSpecific(issue.errors);
    // Several forms and none came further than the type of the whole: say all forms.
    if (branch.every((inner) => inner.path.length === 0 && inner.code === 'invalid_type')) {
      const wanted = issue.errors
        .flat()
        .map((inner) => ('expected' in inner ? String(inner.expected) : 'another value'));
      return [
        { path: toPath(path), message: `wanted ${[...new Set(wanted)].join(' or ')}, found ${kind(at(root, path))}` },
      ];
    }
    return branch.flatMap((inner) => toFieldErrors(inner, root, path));
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: toPath([...path, key]), message: 'is not a known field' }));
  }
  return [{ path: toPath(path), message: describe(issue, at(root, path)) }];
}

/** The branch of a union that fits furthest: deepest fault, then fewest. */
function mostSpecific(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const depth = (branch: readonly Issue[]): number =>
    Math.max(...branch.map((issue) => issue.path.length + (issue.code === 'invalid_type' ? 0 : 0.5)));
  return [...branches].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
}

function describe(issue: Issue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return found === undefined
        ? `is missing; wanted ${issue.expected}`
        : `wanted ${issue.expected}, found ${kind(found)}`;
    case 'invalid_value': {
      const wanted = issue.values.map((value) => JSON.stringify(value)).join(', ');
      return `wanted ${issue.values.length > 1 ? 'one of ' : ''}${wanted}, found ${kind(found)}`;
    }
    case 'too_small':
      return `wanted ${unit(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}, found ${size(found)}`;
    case 'too_big':
      return `wanted ${unit(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}, found ${size(found)}`;
    default:
      return issue.message;
  }
}

function unit(origin: string, bound: string, limit: number | bigint): string {
  if (origin === 'array') return `${bound} ${limit} items`;
  return origin === 'string' ? `${bound} ${limit} characters` : `${bound} ${limit}`;
}

function size(found: unknown): string {
  if (typeof found === 'number') return String(found);
  if (typeof found === 'string' || Array.isArray(found)) return String(found.length);
  return kind(found);
}

function kind(found: unknown): string {
  if (found === undefined) return 'nothing';
  if (found === null) return 'null';
  if (Array.isArray(found)) return 'array';
  return typeof found === 'number' && !Number.isInteger(found) ? 'a number with decimals' : typeof found;
}

function at(root: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = root;
  for (const key of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return value;
}

function toPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`))
    .join('');
}
