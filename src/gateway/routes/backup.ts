import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';

const Backup = z
  .object({
    path: z.string().meta({ description: 'The file, on the machine of the server.' }),
    sizeBytes: z.int(),
    entries: z.int().meta({ description: 'Files in it, the database being one.' }),
  })
  .meta({ id: 'Backup' });

export const createBackup = endpoint({
  operationId: 'backup.create',
  method: 'POST',
  path: '/api/backup',
  tag: 'System',
  summary: {
    en: 'Saves the whole installation in one file of the data directory, as of one moment.',
    fr: 'Enregistre toute l’installation dans un fichier du dossier de données, à un instant donné.',
  },
  dialect: 'native',
  right: 'backup.make',
  body: z.strictObject({
    weights: z.boolean().optional().meta({ description: 'Also the model files themselves.' }),
  }),
  bodyOptional: true,
  replies: { 201: Backup },
  errors: ['audit_unavailable', 'disk_full', 'database_unavailable', 'conflict'],
  async handle({ body }, { rooms, signal, who }) {
    const weights = body?.weights === true;
    await rooms.audit.append({ kind: 'system', actor: who.personId, data: { what: 'backup.begun', weights } });
    return { json: await rooms.backup({ weights, signal }), status: 201 };
  },
});
