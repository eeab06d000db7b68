import { join } from 'node:path';
import { allowNewKey, verifyLog } from '../../audit/index.ts';
import { exitCodes } from '../exit-codes.ts';
import { findServer } from '../http/connect.ts';
import type { Command, Context } from '../types.ts';
import { CommandError } from '../usage-error.ts';

export const verify: Command = {
  name: 'verify',
  summary: {
    en: 'Verify the record of decisions, or the receipt of an answer.',
    fr: 'Vérifier le registre des décisions, ou le reçu d’une réponse.',
  },
  details: {
    en: 'Every line, hash and signed checkpoint of a log folder, or the receipt of one answer. No server is needed, and nothing but this machine. The same check runs without Intramuros: copy the file tools/verify-log.mjs to any machine with Node 20. A checkpoint that you kept shows that the log only grew since; without one, whoever holds the signing key could have written the whole log anew. The exit code is 0 when all is well and 1 when something is wrong.',
    fr: 'Chaque ligne, chaque empreinte et chaque point de contrôle signé d’un journal, ou le reçu d’une réponse. Aucun serveur n’est nécessaire, ni rien d’autre que cette machine. La même vérification se fait sans Intramuros : copiez le fichier tools/verify-log.mjs sur n’importe quelle machine dotée de Node 20. Un point de contrôle que vous avez gardé montre que le journal n’a fait que croître depuis ; sans lui, le détenteur de la clef de signature pourrait avoir réécrit tout le journal. Le code de sortie vaut 0 si tout est bon et 1 si quelque chose ne va pas.',
  },
  arguments: [
    {
      name: { en: 'LOG|RECEIPT', fr: 'JOURNAL|REÇU' },
      about: {
        en: 'Folder "audit" of a data directory, or a receipt; without it, this installation’s log.',
        fr: 'Dossier « audit » d’un dossier de données, ou un reçu ; sans lui, le journal de cette installation.',
      },
      optional: true,
      complete: 'file',
    },
  ],
  options: [
    {
      name: 'known',
      value: { en: 'FILE', fr: 'FICHIER' },
      about: {
        en: 'A checkpoint or receipt that you kept; several with commas.',
        fr: 'Un point de contrôle ou un reçu que vous avez gardé ; plusieurs, séparés par des virgules.',
      },
      complete: 'file',
    },
    {
      name: 'key',
      value: { en: 'KEY', fr: 'CLEF' },
      about: {
        en: 'The log’s public key, as you know it from elsewhere.',
        fr: 'La clef publique du journal, telle que vous la connaissez par ailleurs.',
      },
    },
    {
      name: 'witness',
      value: { en: 'KEYS', fr: 'CLEFS' },
      about: {
        en: 'Public keys of witnesses, separated by commas.',
        fr: 'Clefs publiques de témoins, séparées par des virgules.',
      },
    },
    {
      name: 'quorum',
      value: { en: 'N', fr: 'N' },
      about: {
        en: 'How many of them must have signed; all when absent.',
        fr: 'Combien d’entre eux doivent avoir signé ; tous en son absence.',
      },
    },
    {
      name: 'new-key',
      about: {
        en: 'Verify nothing; let the server make another signing key when it starts, because the one before is lost. The record says so.',
        fr: 'Ne rien vérifier ; laisser le serveur créer une autre clef de signature à son démarrage, parce que la précédente est perdue. Le registre le dit.',
      },
    },
  ],
  examples: [
    {
      line: 'intramuros verify',
      about: { en: 'the log of this installation', fr: 'le journal de cette installation' },
    },
    {
      line: 'intramuros verify audit --known checkpoint-2026-10.txt',
      about: { en: 'it only grew since October', fr: 'il n’a fait que croître depuis octobre' },
    },
    { line: 'intramuros verify receipt.json', about: { en: 'the receipt of an answer', fr: 'le reçu d’une réponse' } },
  ],
  async run(context) {
    const { flags } = context;
    if (flags.has('new-key')) return newKey(context);
    const witnesses = listOf(flags.text('witness'));
    const quorum = flags.number('quorum', { min: 0, whole: true });
    const request = {
      path: context.args[0] ?? join(context.home, 'audit'),
      known: listOf(flags.text('known')),
      witnesses,
    };
    const options = { key: flags.text('key'), ...(quorum !== undefined && { quorum }) };
    const { words, ...report } = await verifyLog({ ...request, ...options }, { signal: context.signal });
    if (context.json) context.printJson(report);
    else context.print(context.say(words));
    return report.ok ? exitCodes.success : exitCodes.failure;
  },
};

async function newKey(context: Context): Promise<number> {
  if ((await findServer(context)) !== undefined)
    throw new CommandError('conflict', {
      en: 'A server runs on this data directory. Stop it first.',
      fr: 'Un serveur fonctionne sur ce dossier de données. Arrêtez-le d’abord.',
    });
  allowNewKey({ home: context.home, keyFile: context.resolved().settings.auditKeyFile });
  context.note(
    context.say({
      en: 'The next start makes another signing key and writes so in the record. Give its public key to whoever verifies.',
      fr: 'Le prochain démarrage créera une autre clef de signature et l’inscrira au registre. Donnez sa clef publique à qui vérifie.',
    }),
  );
  return exitCodes.success;
}

const listOf = (text = ''): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
