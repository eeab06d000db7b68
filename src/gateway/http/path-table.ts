import { InvalidRequestError } from './problems.ts';

interface Pattern<T> {
  readonly method: string;
  readonly regex: RegExp;
  readonly names: readonly string[];
  readonly weight: number;
  readonly target: T;
}

/** What serves a path. */
export interface PathMatch<T> {
  readonly target: T;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Finds the operation of a raw path. Needed beside Fastify's router because model ids hold slashes in the middle of a
 * path (`/api/models/{id+}/load`), and because 405 must name the methods a path does have.
 */
export class PathTable<T> {
  readonly #patterns: Pattern<T>[] = [];

  add(method: string, path: string, target: T): void {
    const names = [...path.matchAll(/\{(\w+)\+?\}/g)].map((match) => match[1] ?? '');
    const source = path
      .replace(/[.\\^$*()[\]|]/g, '\\$&')
      .replace(/\{\w+\+\}/g, '(.+)')
      .replace(/\{\w+\}/g, '([^/]+)');
    // More literal text is more specific, and wins: `…/{id+}/load` before `…/{id+}`.
    const weight = path.replace(/\{\w+\+?\}/g, '').length;
    this.#patterns.push({ method, regex: new RegExp(`^${source}$`), names, weight, target });
    this.#patterns.sort((a, b) => b.weight - a.weight);
  }

  /** @throws {InvalidRequestError} for a path whose percent-encoding is broken. */
  find(method: string, rawPath: string): PathMatch<T> | undefined {
    const pattern = this.#at(rawPath).find((candidate) => candidate.method === method);
    const match = pattern?.regex.exec(rawPath);
    if (!pattern || !match) return undefined;
    const pairs = pattern.names.map((name, index) => [name, decode(match[index + 1] ?? '')] as const);
    return { target: pattern.target, params: Object.fromEntries(pairs) };
  }

  /** Methods served at a path, HEAD and OPTIONS included; empty when the path is unknown. */
  methods(rawPath: string): readonly string[] {
    const found = new Set(this.#at(rawPath).map(({ method }) => method));
    if (found.size === 0) return [];
    if (found.has('GET')) found.add('HEAD');
    found.add('OPTIONS');
    return [...found].sort();
  }

  /** The operations of the most specific path that fits. */
  #at(rawPath: string): readonly Pattern<T>[] {
    const first = this.#patterns.find(({ regex }) => regex.test(rawPath));
    return first ? this.#patterns.filter(({ regex }) => regex.source === first.regex.source) : [];
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidRequestError(
      'The address holds a "%" that is not followed by two hexadecimal digits of valid UTF-8.',
      [],
    );
  }
}
