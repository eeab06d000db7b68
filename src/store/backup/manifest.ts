import { z } from 'zod';

/** First file of a backup: what it holds, so that damage is found before anything is used. */
export const backupManifest = z.object({
  format: z.literal('intramuros.backup'),
  version: z.literal(1),
  createdAt: z.string(),
  /** Shape of the database, as the migrations that made it. */
  steps: z.array(z.object({ number: z.int(), name: z.string(), sha256: z.string() })),
  entries: z.array(
    z.object({ path: z.string(), sizeBytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});
export type BackupManifest = z.output<typeof backupManifest>;
export type BackupEntry = BackupManifest['entries'][number];

export const manifestPath = 'manifest.json';
export const dumpPath = 'database.jsonl';
/** Files of the data directory are kept under this folder. */
export const filesPrefix = 'home/';

/** Files of the data directory that no backup holds, and that a restore takes over from the installation it replaces. */
export const besideBackups = { houseKey: 'house.key', destroyed: 'destroyed.jsonl' } as const;
