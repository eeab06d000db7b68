import { normalHost } from './addresses.ts';
import type { AllowEntry } from './types.ts';

/** What may be dialled without a clearance: parts with an owner each, replaced whole. */
export class AllowList {
  readonly #parts = new Map<string, readonly AllowEntry[]>();

  set(id: string, entries: readonly AllowEntry[]): void {
    const normal = entries.map((entry) => ({ ...entry, host: normalPattern(entry.host) }));
    if (normal.length === 0) this.#parts.delete(id);
    else this.#parts.set(id, normal);
  }

  list(): (AllowEntry & { readonly id: string })[] {
    return [...this.#parts].flatMap(([id, entries]) => entries.map((entry) => ({ id, ...entry })));
  }

  /** The entry for a destination and purpose. A body, or a method that may carry one, never matches an upstream. */
  find(asked: {
    readonly host: string;
    readonly port: number;
    readonly purpose: string;
    readonly readsOnly: boolean;
  }): (AllowEntry & { readonly id: string }) | undefined {
    return this.list().find(
      (entry) =>
        entry.port === asked.port &&
        entry.purpose === asked.purpose &&
        (entry.origin !== 'upstream' || asked.readsOnly) &&
        matches(entry.host, asked.host),
    );
  }

  /** True when an upstream lives there: then only a clearance, or an entry of the list, opens it, on this machine too. */
  isUpstream(host: string, port: number): boolean {
    return this.list().some((entry) => entry.origin === 'upstream' && entry.port === port && matches(entry.host, host));
  }
}

function normalPattern(host: string): string {
  if (host.startsWith('*.')) return `*.${normalHost(host.slice(2)) ?? ''}`;
  return normalHost(host) ?? '';
}

function matches(pattern: string, host: string): boolean {
  if (pattern.startsWith('*.')) return pattern.length > 2 && host.endsWith(pattern.slice(1));
  return pattern === host;
}
