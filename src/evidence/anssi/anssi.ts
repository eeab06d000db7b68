import { generalRows } from './general.ts';
import { phaseRows } from './phases.ts';
import type { AnssiRow, Both, EvidenceState, LiveFacts } from './row.ts';

/** The guide that the rows answer, and where it is. */
export const anssiGuide = {
  title: {
    fr: 'Recommandations de sécurité pour un système d’IA générative (ANSSI-PA-102, 29 avril 2024)',
    en: 'Security recommendations for a generative AI system (ANSSI-PA-102, 29 April 2024)',
  },
  source: 'https://cyber.gouv.fr/publications/recommandations-de-securite-pour-un-systeme-dia-generative',
} as const;

export const anssiRows: readonly AnssiRow[] = [...generalRows, ...phaseRows];

/** One link of a row, apart. */
export interface EvidenceBasis {
  readonly kind: 'test' | 'setting' | 'page' | 'doc';
  readonly ref: string;
  readonly value?: string;
}

export interface EvidenceRow {
  readonly id: string;
  readonly title: Both;
  readonly state: EvidenceState;
  readonly words: Both;
  readonly by: readonly EvidenceBasis[];
}

export interface AnssiEvidence {
  readonly title: Both;
  readonly source: string;
  /** ISO time. */
  readonly at: string;
  readonly rows: readonly EvidenceRow[];
  readonly counts: Readonly<Record<EvidenceState, number>>;
}

/** The 35 recommendations as this installation stands now. */
export function anssiEvidence(live: LiveFacts, now: number): AnssiEvidence {
  const rows = anssiRows.map((row) => toRow(row, live));
  const count = (wanted: EvidenceState): number => rows.filter(({ state }) => state === wanted).length;
  return {
    ...anssiGuide,
    at: new Date(now).toISOString(),
    rows,
    counts: { met: count('met'), partly: count('partly'), not: count('not'), organisation: count('organisation') },
  };
}

function toRow({ id, title, state, words, by }: AnssiRow, live: LiveFacts): EvidenceRow {
  return {
    id,
    title,
    words,
    state: typeof state === 'function' ? state(live) : state,
    by: by.map((basis) => toBasis(basis, live.settings)),
  };
}

/** @param settings values to show beside the names of settings. */
export function toBasis(basis: AnssiRow['by'][number], settings: ReadonlyMap<string, string>): EvidenceBasis {
  const colon = basis.indexOf(':');
  const kind = basis.slice(0, colon) as EvidenceBasis['kind'];
  const ref = basis.slice(colon + 1);
  const value = kind === 'setting' ? settings.get(ref) : undefined;
  return { kind, ref, ...(value !== undefined && { value }) };
}
