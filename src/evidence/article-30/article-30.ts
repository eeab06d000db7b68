import type { Audit } from '../../audit/index.ts';
import type { Clock } from '../../base/index.ts';
import type { Destination } from '../../policy/index.ts';
import type { Database } from '../../store/index.ts';
import { type EvidenceBasis, toBasis } from '../anssi/anssi.ts';
import type { Both } from '../anssi/row.ts';
import type { Tally } from '../log/tally.ts';
import { type CategoryWords, categories, measures, purposes, subjects } from './words.ts';

/** What the controller alone can say. */
export const controllerFields = [
  'controller',
  'contact',
  'representative',
  'dpo',
  'jointControllers',
  'purposes',
  'legalBasis',
  'retention',
  'transfers',
] as const;
export type ControllerFields = Readonly<Record<(typeof controllerFields)[number], string>>;

/** Somebody whom data goes to: declared by a person, with what went there. */
export interface Recipient {
  readonly id: string;
  readonly title: string;
  readonly tier: string;
  readonly country: string | null;
  readonly operatorCountry: string | null;
  readonly extraEuExposure: boolean;
  readonly retentionDays: number | null;
  readonly trainsOnData: boolean | null;
  readonly dpaRef: string | null;
  readonly answers: number;
  readonly bytesSent: number;
}

/** The record of processing of GDPR, article 30, as this installation is now. */
export interface Article30 {
  readonly at: string;
  readonly sinceAt: string;
  readonly fields: ControllerFields;
  readonly changedAt: string | null;
  readonly changedBy: string | null;
  readonly purposes: readonly Both[];
  readonly subjects: readonly Both[];
  readonly categories: readonly { readonly title: Both; readonly count: number; readonly retention: Both }[];
  readonly recipients: readonly Recipient[];
  readonly labels: readonly { readonly level: string; readonly answers: number }[];
  readonly security: readonly { readonly title: Both; readonly by: readonly EvidenceBasis[] }[];
}

export interface Article30Parts {
  readonly database: Database;
  readonly audit: Pick<Audit, 'append' | 'size'>;
  readonly tally: Tally;
  readonly places: () => readonly Destination[];
  readonly shown: () => ReadonlyMap<string, string>;
  readonly clock: Clock;
}

interface FieldsRow {
  readonly fields: Partial<ControllerFields>;
  readonly changed_at: string | Date;
  readonly changed_by: string;
}

const noFields = Object.fromEntries(controllerFields.map((name) => [name, ''])) as ControllerFields;

/** Reads it from what the installation really has. */
export async function readArticle30(parts: Article30Parts): Promise<Article30> {
  const { database, tally, shown, clock } = parts;
  const [[row], counts, places, levels, since] = await Promise.all([
    database.query<FieldsRow>('SELECT fields, changed_at, changed_by FROM processing_record'),
    countAll(parts),
    tally.places(),
    tally.levels(),
    tally.since(),
  ]);
  const at = new Date(clock.now()).toISOString();
  return {
    at,
    sinceAt: since ?? at,
    fields: { ...noFields, ...row?.fields },
    changedAt: row ? new Date(row.changed_at).toISOString() : null,
    changedBy: row?.changed_by ?? null,
    purposes,
    subjects,
    categories: categories.map(({ title, retention, count }) => ({ title, count: counts[count], retention })),
    recipients: parts.places().map((place) => toRecipient(place, places.get(place.id))),
    labels: [...levels].map(([level, answers]) => ({ level, answers })),
    security: measures.map(({ title, by }) => ({ title, by: by.map((basis) => toBasis(basis, shown())) })),
  };
}

/** Keeps what the controller says; the change is on record before it stands. */
export async function writeArticle30(
  { database, audit, clock }: Pick<Article30Parts, 'database' | 'audit' | 'clock'>,
  by: string,
  fields: ControllerFields,
): Promise<void> {
  await database.transaction(async (on) => {
    await on.query(
      `INSERT INTO processing_record (one, fields, changed_at, changed_by) VALUES (1, $1, $2, $3)
       ON CONFLICT (one) DO UPDATE SET fields = $1, changed_at = $2, changed_by = $3`,
      [JSON.stringify(fields), new Date(clock.now()).toISOString(), by],
    );
    await audit.append({
      kind: 'policy',
      actor: by,
      data: { what: 'article-30.changed', fields: Object.keys(fields) },
    });
  });
}

async function countAll({ database, audit }: Article30Parts): Promise<Record<CategoryWords['count'], number>> {
  const [row] = await database.query<Record<string, number>>(
    `SELECT (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM conversations) AS conversations,
       (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM vaults) AS vaults,
       (SELECT count(*) FROM api_keys) AS keys, (SELECT count(*) FROM sessions) AS sessions,
       (SELECT count(*) FROM usage_days) AS usage`,
  );
  const of = (name: string): number => Number(row?.[name] ?? 0);
  return {
    people: of('people'),
    conversations: of('conversations'),
    messages: of('messages'),
    vaults: of('vaults'),
    keys: of('keys'),
    sessions: of('sessions'),
    usage: of('usage'),
    records: audit.size,
  };
}

function toRecipient(
  place: Destination,
  use: { readonly answers: number; readonly bytesSent: number } | undefined,
): Recipient {
  const { id, title, tier, country, operatorCountry, extraEuExposure, retentionDays, trainsOnData, dpaRef } = place;
  return {
    id,
    title,
    tier,
    country: country ?? null,
    operatorCountry: operatorCountry ?? null,
    extraEuExposure,
    retentionDays: retentionDays ?? null,
    trainsOnData: trainsOnData ?? null,
    dpaRef: dpaRef ?? null,
    answers: use?.answers ?? 0,
    bytesSent: use?.bytesSent ?? 0,
  };
}
