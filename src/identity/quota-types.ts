import type { Actor, Quotas, Who } from './who.ts';

export type QuotaUnit = 'requests' | 'tokens' | 'money';
export type QuotaPeriod = 'minute' | 'hour' | 'day' | 'month';

/** What a cap is on. Id `*` caps each one on its own; a cap that names one takes its place for that one. */
export interface QuotaSubject {
  readonly kind: 'person' | 'group' | 'model' | 'key' | 'everybody';
  /** `everybody` has the id `*`. */
  readonly id: string;
}

/** A cap. Money is in millionths of the currency; periods begin at UTC's minute, hour, day and month. */
export interface Quota {
  readonly id: string;
  readonly subject: QuotaSubject;
  readonly unit: QuotaUnit;
  readonly period: QuotaPeriod;
  readonly limit: number;
  readonly version: number;
}
export type NewQuota = Pick<Quota, 'subject' | 'unit' | 'period' | 'limit'>;

/** A cap and how much of it is taken, for one subject. */
export interface QuotaState extends Quota {
  readonly used: number;
  readonly reserved: number;
  readonly resetAt: string;
}

export interface QuotaBook extends Quotas {
  /** What a request may still take; Infinity where nothing caps it. To shorten an answer instead of refusing it. */
  remaining(
    who: Who,
    model: string,
  ): { readonly requests: number; readonly tokens: number; readonly costMicros: number };
  /** The caps that apply to somebody now; a `*` cap carries their own id. */
  statesOf(who: Who): readonly QuotaState[];
  /** All caps. A `*` cap shows the most used of its counters. */
  list(): readonly QuotaState[];
  create(by: Actor, quota: NewQuota): Promise<QuotaState>;
  /** @throws {IntramurosError} `conflict` on a stale version, `not_found`. */
  change(by: Actor, id: string, change: { readonly version: number; readonly limit: number }): Promise<QuotaState>;
  remove(by: Actor, id: string): Promise<void>;
}

export interface UsageFigures {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costMicros: number;
}
export interface UsageDay extends UsageFigures {
  /** `2026-03-01`, UTC. */
  readonly date: string;
}
export interface UsageRow extends UsageFigures {
  readonly id: string;
  readonly title: string;
}

/** What was used, with what is not yet on the disk. Settled usage is on the disk at most a second later. */
export interface UsageBook {
  days(personId: string, days: number): Promise<readonly UsageDay[]>;
  models(personId: string, days: number): Promise<readonly UsageRow[]>;
  by(kind: 'person' | 'group' | 'model' | 'key', days: number): Promise<readonly UsageRow[]>;
  /** Writes what is waiting. */
  flush(): Promise<void>;
}
