import type { Client } from '../api/client.ts';
import type {
  Anssi,
  Article30,
  Article30Fields,
  AuditRecord,
  AuditState,
  AuditVerification,
  RecordProof,
} from '../api/wire-evidence.ts';
import { useServices } from '../ui/services.ts';

function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') search.set(name, String(value));
  return `?${search}`;
}

export interface RecordsWanted {
  readonly text: string;
  readonly kinds: string;
  readonly sinceMs: number | undefined;
  readonly cursor: string | undefined;
}

/** The part of the contract that administrators and auditors use to prove what was done. */
export const evidenceClient = (client: Client) => ({
  audit: () => client.ask<AuditState>('GET', '/api/audit'),
  records: async ({ cursor, ...wanted }: RecordsWanted) => {
    const { records, nextSeq } = await client.ask<{ records: AuditRecord[]; nextSeq: number | null }>(
      'GET',
      `/api/audit/records${query({ ...wanted, beforeSeq: cursor, limit: 50 })}`,
    );
    return { rows: records, nextCursor: nextSeq === null ? null : String(nextSeq) };
  },
  proof: (seq: number) => client.ask<RecordProof>('GET', `/api/audit/records/${seq}/proof`),
  verify: () => client.ask<AuditVerification>('POST', '/api/audit/verify'),
  anchor: () => client.ask<unknown>('POST', '/api/audit/anchor'),
  exportLog: (wanted: { format: 'jsonl' | 'ocsf'; sinceMs: number | undefined; untilMs: number | undefined }) =>
    client.file(`/api/audit/export${query(wanted)}`),
  article30: () => client.ask<Article30>('GET', '/api/evidence/article-30'),
  putArticle30: (fields: Article30Fields) => client.ask<Article30>('PUT', '/api/evidence/article-30', fields),
  anssi: () => client.ask<Anssi>('GET', '/api/evidence/anssi'),
});

export function useEvidence(): ReturnType<typeof evidenceClient> {
  const { client } = useServices();
  return evidenceClient(client);
}
