import { type Clock, IntramurosError, type Logger } from '../base/index.ts';
import type { Book } from './book.ts';
import { periodAround } from './periods.ts';
import type { Quota, QuotaUnit } from './quota-types.ts';
import type { Reservation, Who } from './who.ts';

/** How much of a quota one subject has taken in one period. */
export interface Window {
  readonly quotaId: string;
  readonly subjectId: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Over all gateways as last heard, and all of this one. */
  used: number;
  reserved: number;
  /** Part of `used` that is not in the database yet. */
  unwritten: number;
}

/** A quota that applies to a request, and the subject whose counter it is. */
export interface Applied {
  readonly quota: Quota;
  readonly subjectId: string;
}

export interface Settled {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costMicros: number;
}

const most = 2 ** 40; // no answer is a million million tokens, whatever an upstream says
const sane = (value: number): number => (Number.isFinite(value) ? Math.min(most, Math.max(0, Math.ceil(value))) : 0);

/** What was said to be used, as whole numbers that can be counted: an upstream may say anything. */
export function saneUse({ promptTokens, completionTokens, costMicros }: Settled): Settled {
  return { promptTokens: sane(promptTokens), completionTokens: sane(completionTokens), costMicros: sane(costMicros) };
}

/**
 * The counters of all quotas, in memory. A request is counted in the period in which it was reserved, also when it ends later.
 *
 * Covers: no sum of used and reserved goes past a cap by what this process lets in, as long as requests use no more than they
 * reserved. Does not cover: other gateways on the same database, whose usage is heard of once a second, and use beyond what was
 * reserved, which is booked as it is.
 */
export class Counters {
  readonly #book: Book;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #windows = new Map<string, Window>();
  readonly #unwritten = new Set<Window>();
  /** What applies to somebody, by model, under this index: whoever asks twice is the same object. */
  #found = new WeakMap<Who, Map<string | undefined, readonly Applied[]>>();
  #index: { readonly generation: number; readonly bySubject: ReadonlyMap<string, readonly Quota[]> } | undefined;

  constructor(options: { readonly book: Book; readonly clock: Clock; readonly log: Logger }) {
    this.#book = options.book;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** @throws {IntramurosError} `quota_exceeded`; nothing is taken then. */
  reserve(who: Who, model: string, wanted: Readonly<Record<QuotaUnit, number>>): (used: Settled) => void {
    const taken: { readonly window: Window; readonly unit: QuotaUnit; readonly amount: number }[] = [];
    let over: { readonly quota: Quota; readonly window: Window; readonly amount: number } | undefined;
    for (const { quota, subjectId } of this.applied(who, model)) {
      const window = this.window(quota, subjectId);
      const amount = sane(wanted[quota.unit]);
      taken.push({ window, unit: quota.unit, amount });
      const fits = window.used + window.reserved + amount <= quota.limit;
      if (!fits && (over === undefined || window.endMs > over.window.endMs)) over = { quota, window, amount };
    }
    if (over) throw this.#exceeded(over.quota, over.window, over.amount);
    for (const { window, amount } of taken) window.reserved += amount;
    return (used) => {
      const { promptTokens, completionTokens, costMicros } = saneUse(used);
      const amounts = { requests: 1, tokens: promptTokens + completionTokens, money: costMicros };
      for (const { window, unit, amount } of taken) {
        window.reserved -= amount;
        this.#add(window, amounts[unit]);
      }
    };
  }

  /** The quotas that apply: of everybody, the person, their groups, the key and the model. */
  applied(who: Who, model: string | undefined): readonly Applied[] {
    const index = this.#quotasBySubject();
    if (index.size === 0) return [];
    const found = this.#found.get(who)?.get(model);
    if (found !== undefined) return found;
    const applied: Applied[] = [];
    const known = this.#found.get(who) ?? new Map<string | undefined, readonly Applied[]>();
    if (known.size < 1_000) this.#found.set(who, known.set(model, applied));
    const add = (kind: string, id: string): void => {
      const own = index.get(`${kind} ${id}`) ?? [];
      const each = kind === 'everybody' ? [] : (index.get(`${kind} *`) ?? []);
      for (const quota of own) applied.push({ quota, subjectId: id });
      for (const quota of each) {
        const replaced = own.some(({ unit, period }) => unit === quota.unit && period === quota.period);
        if (!replaced) applied.push({ quota, subjectId: id });
      }
    };
    add('everybody', '*');
    add('person', who.personId);
    for (const group of who.groups) add('group', group);
    if (who.keyId !== undefined) add('key', who.keyId);
    if (model !== undefined) add('model', model);
    return applied;
  }

  /** The counter of now; a new one when its period has passed. Time that goes back changes nothing. */
  window(quota: Quota, subjectId: string): Window {
    const key = `${quota.id} ${subjectId}`;
    const known = this.#windows.get(key);
    const now = this.#clock.now();
    if (known && now < known.endMs) return known;
    const { startMs, endMs } = periodAround(quota.period, now);
    const window = { quotaId: quota.id, subjectId, startMs, endMs, used: 0, reserved: 0, unwritten: 0 };
    this.#windows.set(key, window);
    return window;
  }

  /** Counters of a quota that are in use. */
  windowsOf(quota: Quota): readonly Window[] {
    const now = this.#clock.now();
    return [...this.#windows.values()].filter((window) => window.quotaId === quota.id && now < window.endMs);
  }

  /** What the database says is used over all gateways. */
  hear(quotaId: string, subjectId: string, startMs: number, used: number): void {
    const quota = this.#book.get('quota', quotaId);
    if (quota === undefined) return;
    const window = this.window(quota, subjectId);
    if (window.startMs === startMs) window.used = used + window.unwritten;
  }

  /** Hands out what is to be written and takes it for written; `giveBack` when it was not. */
  takeUnwritten(): readonly { readonly window: Window; readonly amount: number }[] {
    const taken = [...this.#unwritten].map((window) => {
      const amount = window.unwritten;
      window.unwritten = 0;
      return { window, amount };
    });
    this.#unwritten.clear();
    return taken;
  }

  giveBack(taken: readonly { readonly window: Window; readonly amount: number }[]): void {
    for (const { window, amount } of taken) {
      window.unwritten += amount;
      this.#unwritten.add(window);
    }
  }

  /** Lets go of counters whose period has passed or whose quota is gone. */
  prune(): void {
    const now = this.#clock.now();
    for (const [key, window] of this.#windows) {
      if (now >= window.endMs || this.#book.get('quota', window.quotaId) === undefined) this.#windows.delete(key);
    }
  }

  #add(window: Window, amount: number): void {
    window.used += amount;
    window.unwritten += amount;
    if (window.unwritten > 0) this.#unwritten.add(window);
  }

  #quotasBySubject(): ReadonlyMap<string, readonly Quota[]> {
    if (this.#index?.generation === this.#book.generation) return this.#index.bySubject;
    const bySubject = new Map<string, Quota[]>();
    for (const quota of this.#book.all('quota')) {
      const key = `${quota.subject.kind} ${quota.subject.id}`;
      bySubject.set(key, [...(bySubject.get(key) ?? []), quota]);
    }
    this.#index = { generation: this.#book.generation, bySubject };
    this.#found = new WeakMap();
    return bySubject;
  }

  #exceeded(quota: Quota, window: Window, amount: number): IntramurosError {
    const resetAt = new Date(window.endMs).toISOString();
    const left = Math.max(0, quota.limit - window.used - window.reserved);
    this.#log.debug({ quota: quota.id, subject: window.subjectId }, 'a quota was reached');
    const never =
      amount > quota.limit ? ' A single request may never take more than the cap: ask for a shorter answer.' : '';
    return new IntramurosError(
      'quota_exceeded',
      `The cap of ${words(quota)} is reached: this request may take ${amount}, ${left} is left until ${resetAt}.${never} An administrator can raise the cap.`,
      {
        facts: {
          quotaId: quota.id,
          subject: quota.subject.kind,
          unit: quota.unit,
          period: quota.period,
          limit: quota.limit,
          left,
          wanted: amount,
          resetAt,
          retryAfterSeconds: Math.max(1, Math.ceil((window.endMs - this.#clock.now()) / 1000)),
        },
      },
    );
  }
}

function words({ limit, unit, period, subject }: Quota): string {
  const unitWords = unit === 'money' ? 'millionths of the currency' : unit;
  return `${limit} ${unitWords} a ${period} (${subject.kind})`;
}

/** A reservation that frees and books once. */
export function once(settle: (used: Settled) => void): Reservation {
  let open = true;
  return {
    settle(used) {
      if (!open) return;
      open = false;
      settle(used);
    },
  };
}
