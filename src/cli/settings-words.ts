import { z } from 'zod';
import { environmentName, formatBytes, type SettingName, settingsSchema } from '../base/index.ts';
import { frenchSpaces, type Language } from './words.ts';

/** What each setting does, in French; the English stands in the schema itself. */
const french: Readonly<Record<SettingName, string>> = {
  host: 'Adresse d’écoute. Toute autre que la boucle locale demande des comptes ou une clé d’API.',
  port: 'Port d’écoute ; 0 en prend un libre.',
  apiKeyFile:
    'Fichier dont la première ligne est une clé que les clients peuvent envoyer comme jeton Bearer ; sans comptes, ils le doivent alors.',
  allowedHosts:
    'Noms d’hôte, séparés par des virgules, sous lesquels le serveur peut être appelé, outre ceux de la boucle locale.',
  publicUrl:
    'Adresse sous laquelle les personnes atteignent la page, telle que https://assistant.example ; nécessaire pour se connecter chez un fournisseur derrière un mandataire.',
  trustedProxies:
    'Adresses ou réseaux, séparés par des virgules, des mandataires inverses dont les en-têtes « x-forwarded-for » et « x-forwarded-proto » sont crus.',
  bodyLimit: 'Plus grand corps d’une demande ; au-delà, refus avec 413.',
  modelAliases:
    'Autres noms de modèles installés, pour les clients qui tiennent aux leurs ; un nom peut finir par « * ». Dans l’environnement : "gpt-*=smollm2:135m,…".',
  embeddingEncoding:
    'Forme des vecteurs : celle que le client demande, ou toujours des nombres, pour les clients qui demandent base64 puis le refusent.',
  databaseUrl: 'Adresse PostgreSQL. Sans elle, une base embarquée dans le dossier des données.',
  secretsKeyFile:
    'Fichier de la clé qui chiffre les secrets gardés ; par défaut, secrets.key dans le dossier des données. Aucune sauvegarde ne le contient.',
  auditKeyFile:
    'Fichier de la clé qui signe le registre des décisions ; par défaut, audit.key dans le dossier des données. Aucune sauvegarde ne le contient : gardez-en une copie.',
  auditRetention:
    'Nombre de mois pendant lesquels les enregistrements des décisions sont gardés : « 12 », ou par genre comme dans « 12,decision=24,outcome=24 » ; de 6 à 36.',
  auditRetentionMotive:
    'Motif pour lequel des enregistrements sont gardés plus de 12 mois ; sans motif, ils ne peuvent pas l’être.',
  houseKey:
    'Où se trouve la clé qui protège les clés des personnes : « file » (house.key dans le dossier des données), « file:/chemin », « env:NOM », ou « command:programme argument » pour un TPM ou PKCS#11. Aucune sauvegarde ne la contient : gardez-en une copie.',
  logLevel: 'Gravité minimale des lignes écrites au journal.',
  language: 'Langue de la page et de la ligne de commande ; auto suit le navigateur ou LANG.',
  defaultLabel:
    'Marquage des données dont personne n’a rien dit : PUBLIC, INTERNE, SENSIBLE, SP ou DR, au besoin avec mentions et compartiments, comme « SENSIBLE; mentions=PII ».',
  detectPersonalData:
    'Si les données personnelles et les secrets trouvés dans une question la marquent, elle et sa conversation (mentions PII et SECRETS), ce qui lui ferme d’autres destinations. Dans tous les cas, ils sont remplacés partout où la politique le demande.',
  enclave: 'Si cette machine fait partie de l’enclave déclarée qui peut détenir des données de niveau DR.',
  defaultModel: 'Modèle d’une nouvelle conversation quand aucun n’est choisi.',
  threads: 'Fils de calcul d’un modèle ; 0 prend les cœurs physiques moins un.',
  contextTokens:
    'Jetons de contexte partagés par les conversations d’un modèle chargé ; 0 choisit selon le modèle et la mémoire.',
  parallel: 'Réponses qu’un modèle produit en même temps.',
  queueLimit: 'Demandes qui peuvent attendre un modèle ; au-delà, refus avec 429.',
  answerTokens:
    'Longueur maximale d’une réponse, réflexion comprise, sur la page et pour « ask » et « chat » quand aucune n’est dite ; on peut la faire continuer. 0 va jusqu’à remplir le contexte. L’API des autres clients n’est pas concernée.',
  engineTimeout:
    'Temps pendant lequel un processus du moteur qui a du travail peut ne donner aucun signe de vie (ou, dix fois aussi longtemps, ne finir aucune étape) avant qu’on y mette fin ; ses demandes échouent et la suivante le relance. 0 n’y met jamais fin.',
  keepAlive: 'Temps pendant lequel un modèle inactif reste en mémoire.',
  memoryLimit:
    'Mémoire que les modèles chargés peuvent prendre ensemble ; par défaut, ce qui est libre, moins une réserve.',
  optimize: 'Si un modèle obtenu reçoit une copie adaptée à ce processeur.',
  offline: 'Refuser toute connexion vers une autre machine.',
  proxy:
    'Ce qui peut passer par le mandataire (proxy) que nomme HTTPS_PROXY : rien (off), téléchargements et connexion des personnes (downloads), ou les questions sous TLS aussi (all).',
  huggingFaceUrl: 'D’où viennent les modèles de Hugging Face ; HF_ENDPOINT le fixe aussi.',
  registryUrl: 'D’où viennent les modèles nommés comme dans Ollama.',
  useFoundModels:
    'Si les modèles qu’Ollama, LM Studio ou Hugging Face gardent sur ce disque sont listés et servis là où ils sont.',
  auditWitnesses:
    'Témoins qui confirment le journal d’audit, séparés par des virgules : pour chacun une clé de vérification C2SP et une adresse. Sans témoin, personne au-dehors n’est interrogé.',
  auditTimestampUrl:
    'Autorité RFC 3161 qui date les points de contrôle du journal d’audit. Sans elle, aucune n’est interrogée.',
  auditTimestampCaFile:
    'Fichier PEM des certificats auxquels les horodatages sont confrontés ; par défaut, ceux que Node.js apporte.',
  auditTimestampEvery: 'Temps minimal entre deux horodatages du journal d’audit.',
  streamGrace:
    'Temps pendant lequel une réponse de la page continue après le départ de son lecteur, pour qu’un rechargement la reprenne.',
};

/** What a setting does, in one sentence. */
export function settingWords(name: SettingName, language: Language): string {
  if (language === 'fr') return frenchSpaces(french[name]);
  return z.globalRegistry.get(settingsSchema.shape[name])?.description ?? '';
}

const durations: readonly SettingName[] = ['auditTimestampEvery', 'engineTimeout', 'keepAlive', 'streamGrace'];
const sizes: readonly SettingName[] = ['bodyLimit', 'memoryLimit'];

/** A value as a person would write it: `5m`, `8MiB`, `gpt-*=smollm2:135m`. */
export function settingText(name: SettingName, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (durations.includes(name)) return durationText(Number(value));
  if (sizes.includes(name)) return formatBytes(Number(value)).replace('.0', '').replace(' ', '');
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([from, to]) => `${from}=${String(to)}`)
    .join(',');
}

function durationText(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'forever';
  return ms > 0 && ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}

function defaultText(name: SettingName): string {
  const result = settingsSchema.shape[name].safeParse(undefined);
  return result.success ? settingText(name, result.data) : '';
}

/** The settings as a Markdown table. */
export function settingsTable(language: Language): string {
  const head =
    language === 'fr'
      ? ['Réglage', 'Variable d’environnement', 'Défaut', 'Ce qu’il fait']
      : ['Setting', 'Environment variable', 'Default', 'What it does'];
  const rows = (Object.keys(settingsSchema.shape) as SettingName[]).map((name) => {
    const value = defaultText(name);
    return [
      `\`${name}\``,
      `\`${environmentName(name)}\``,
      value === '' ? '' : `\`${value}\``,
      settingWords(name, language),
    ];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
