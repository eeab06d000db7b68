import { type ErrorCode, type ErrorFacts, IntramurosError, isIntramurosError } from '../base/index.ts';
import { denialInFrench } from './denial-words.ts';
import { CommandError, UsageError } from './usage-error.ts';
import { frenchSpaces, type Language, sentence } from './words.ts';

/** Why the door to other machines refused, by the word in the failure's facts. */
const egressReasons: Readonly<Record<string, string>> = {
  offline: 'cette installation est hors ligne (réglage offline, ou « intramuros egress offline »)',
  'not-allowed': 'elle n’est pas sur la liste de ce qui peut être joint (« intramuros egress »)',
  clearance: 'aucune décision valable de la politique ne la permet',
  address: 'son adresse ne peut être jointe (réseau privé ou réservé, sans déclaration)',
  limit: 'plus d’octets partiraient que décidé',
  redirect: 'une redirection n’est pas suivie quand une seule adresse a été décidée',
  guard: 'seule la porte de ce programme ouvre des connexions',
};

type Sentence = string | ((facts: ErrorFacts) => string);

const named = (facts: ErrorFacts, name: string, before = ' '): string =>
  facts[name] === undefined || facts[name] === null ? '' : `${before}« ${String(facts[name])} »`;
const plain = (facts: ErrorFacts, name: string, before: string, after = ''): string =>
  facts[name] === undefined || facts[name] === null ? '' : `${before}${String(facts[name])}${after}`;

/**
 * French for each code: what happened and what to do. The English message carries the particulars; where the French
 * sentence cannot say them from the facts, they follow it in parentheses.
 */
const french: Readonly<Record<ErrorCode, { readonly text: Sentence; readonly whole?: boolean }>> = {
  invalid_request: { text: 'La demande n’est pas valable.' },
  unsupported_parameter: { text: (facts) => `Le paramètre${named(facts, 'parameter')} n’est pas pris en charge.` },
  payload_too_large: { text: 'La demande est trop grande pour le serveur.' },
  unsupported_media_type: { text: 'Le serveur ne lit pas ce type de contenu.' },
  not_acceptable: { text: 'Le serveur ne peut pas répondre sous la forme demandée.' },
  not_found: { text: 'Le serveur ne connaît pas cette adresse ; il est peut-être d’une autre version.' },
  method_not_allowed: { text: 'Cette opération n’existe pas à cette adresse.' },
  context_exceeded: {
    text: 'Le texte dépasse le contexte du modèle. Raccourcissez-le, ou choisissez un modèle au contexte plus long.',
  },
  unauthorized: {
    text: 'Le serveur veut savoir qui demande. Lancez la commande sous l’utilisateur du serveur, ou donnez le fichier d’une clé : intramuros config set apiKeyFile CHEMIN.',
  },
  forbidden_origin: { text: 'Le serveur refuse les appels de cette origine.' },
  password_weak: {
    text: 'Ce mot de passe est trop facile à deviner. Prenez-en un plus long : au moins 12 caractères, dont au moins 5 différents, et qui ne soit pas surtout le nom de connexion.',
  },
  sign_in_failed: {
    text: 'Le nom ou le mot de passe ne convient pas. Vérifiez-les ; après plusieurs échecs, patientez un moment.',
  },
  forbidden: { text: 'Vous n’avez pas le droit de faire cela. Demandez ce droit à un administrateur.' },
  quota_exceeded: { text: 'Votre quota est épuisé. Attendez l’heure indiquée, ou demandez un quota plus élevé.' },
  destination_denied: { text: denialInFrench, whole: true },
  policy_invalid: {
    text: 'La politique proposée n’est pas valable. Corrigez le fichier indiqué ; l’ancienne reste en vigueur.',
  },
  policy_unavailable: {
    text: 'La politique ne peut pas décider en ce moment. Prenez un modèle de cette machine, et prévenez un administrateur.',
  },
  audit_unavailable: {
    text: 'La décision ne peut pas être enregistrée. Prenez un modèle de cette machine, et prévenez un administrateur.',
  },
  detection_failed: {
    text: 'La recherche de données personnelles a échoué dans ce texte. Envoyez-le en plus petits morceaux, ou à un modèle de cette machine.',
  },
  upstream_failed: { text: 'Le service distant a échoué. Réessayez, ou choisissez un autre modèle.' },
  upstream_timeout: { text: 'Le service distant n’a pas répondu à temps. Réessayez, ou choisissez un autre modèle.' },
  upstream_unavailable: {
    text: 'Le service distant n’est pas joignable. Réessayez plus tard, ou choisissez un autre modèle.',
  },
  secret_unavailable: {
    text: 'Un secret enregistré ne peut pas être ouvert. Remettez en place le fichier de la clé, ou saisissez le secret de nouveau.',
  },
  key_unavailable: {
    text: 'La clé de la maison manque ou n’est pas la bonne : ce qui est chiffré ne peut pas être lu. Rien n’a été modifié ni détruit. Remettez la clé en place depuis votre copie (réglage houseKey), puis redémarrez.',
  },
  key_destroyed: { text: 'Ce texte a été effacé : sa clé est détruite, personne ne peut plus le lire.' },
  model_not_found: {
    text: (facts) =>
      `Le modèle${named(facts, 'model')} n’est pas installé. Voyez « intramuros list », ou obtenez-le par « intramuros pull ».`,
    whole: true,
  },
  model_unusable: { text: (facts) => `Le modèle${named(facts, 'model')} ne sait pas faire cela.` },
  model_load_failed: {
    text: (facts) =>
      `Le modèle${named(facts, 'model')} n’a pas pu être chargé. « intramuros doctor » vérifie ses fichiers.`,
  },
  model_file_invalid: {
    text: (facts) =>
      `Le fichier du modèle est abîmé ou n’est pas un GGUF${plain(facts, 'path', ' : ')}. Supprimez-le et obtenez-le de nouveau.`,
  },
  memory_insufficient: {
    text: 'La mémoire libre ne suffit pas pour ce modèle. Arrêtez-en un autre (« intramuros ps »), ou prenez-en un plus petit.',
  },
  disk_insufficient: {
    text: 'Le disque n’a pas assez de place pour ce modèle. Libérez-en, ou choisissez un modèle plus petit.',
  },
  pull_failed: { text: 'Le modèle n’a pas pu être obtenu.' },
  checksum_mismatch: {
    text: 'Le fichier reçu n’a pas l’empreinte attendue et a été écarté. Recommencez ; si cela se répète, la source n’est pas sûre.',
  },
  engine_crashed: {
    text: (facts) => `Le moteur du modèle${named(facts, 'model')} s’est arrêté. Il redémarrera à la prochaine demande.`,
  },
  engine_unavailable: {
    text: 'Le moteur d’inférence ne peut pas fonctionner ici. « intramuros doctor » dit pourquoi.',
  },
  queue_full: { text: 'Trop de demandes attendent ce modèle. Réessayez dans un moment.' },
  cancelled: { text: 'Interrompu.', whole: true },
  timeout: { text: 'Le délai est dépassé.' },
  conversation_not_found: { text: 'Cette conversation n’existe pas ou plus.', whole: true },
  message_not_found: { text: 'Ce message n’existe pas ou plus.', whole: true },
  run_not_found: { text: 'Cette réponse n’est plus en mémoire.', whole: true },
  conflict: { text: 'L’état a changé entre-temps. Rechargez, puis recommencez.' },
  config_invalid: {
    text: (facts) => `Le réglage${named(facts, 'setting')} n’est pas valable. Voyez « intramuros config list ».`,
  },
  address_in_use: {
    text: (facts) =>
      `Le port${plain(facts, 'port', ' ')} est déjà pris. Arrêtez l’autre programme, ou choisissez un autre port : --port 0 en prend un libre.`,
    whole: true,
  },
  address_not_available: {
    text: (facts) =>
      `Impossible d’écouter sur cette adresse${plain(facts, 'host', ' (', ')')}. Corrigez le réglage host.`,
  },
  authentication_required_to_listen: {
    text: 'Écouter hors de cette machine demande des comptes ou une clé. Créez un administrateur (intramuros user add NOM --administrator), ou écrivez une clé dans un fichier et donnez-le : intramuros config set apiKeyFile CHEMIN.',
    whole: true,
  },
  data_directory_in_use: {
    text: (facts) =>
      `Le dossier des données${plain(facts, 'path', ' ')} sert déjà${plain(facts, 'pid', ' au processus ')}. Arrêtez-le, ou choisissez un autre dossier par INTRAMUROS_HOME.`,
    whole: true,
  },
  data_directory_not_writable: {
    text: (facts) =>
      `Le dossier des données${plain(facts, 'path', ' ')} n’est pas accessible en écriture${plain(facts, 'reason', ' (', ')')}. Donnez ce droit à cet utilisateur, ou choisissez un autre dossier par INTRAMUROS_HOME.`,
    whole: true,
  },
  disk_full: {
    text: (facts) => `Le disque est plein${plain(facts, 'path', ' (', ')')}. Libérez de la place, puis recommencez.`,
    whole: true,
  },
  database_unavailable: {
    text: 'La base de données est injoignable. Vérifiez qu’elle fonctionne et le réglage databaseUrl.',
  },
  database_newer: {
    text: 'La base de données vient d’une version plus récente d’Intramuros. Elle n’a pas été touchée : installez cette version, ou restaurez une sauvegarde.',
  },
  database_altered: {
    text: 'La base de données n’a plus la forme que cette version lui a donnée. Elle n’a pas été touchée : restaurez une sauvegarde.',
  },
  backup_invalid: { text: 'Cette sauvegarde est incomplète ou abîmée ; rien n’a été restauré.' },
  egress_denied: {
    text: (facts) =>
      `La connexion vers${plain(facts, 'host', ' ') || ' une autre machine'} est refusée : ${egressReasons[String(facts.reason)] ?? egressReasons.offline}.`,
    whole: true,
  },
  egress_failed: { text: (facts) => `La connexion${plain(facts, 'host', ' vers ')} a échoué. Vérifiez le réseau.` },
  internal: { text: 'Quelque chose a échoué dans Intramuros. Le journal en dit plus.' },
};

/** A failure as commands show it: one sentence with its remedy, and the code for programs. */
export interface FailureView {
  readonly code: string;
  readonly message: string;
  readonly facts: ErrorFacts;
}

/** Puts any failure into words of the person's language. */
export function describeFailure(error: unknown, language: Language): FailureView {
  if (error instanceof UsageError) return { code: 'usage', message: sentence(error.words, language), facts: {} };
  if (error instanceof CommandError) return { code: error.code, message: sentence(error.words, language), facts: {} };
  const known = isIntramurosError(error) ? error : toKnown(error);
  const facts = known.facts ?? {};
  return { code: known.code, message: language === 'en' ? known.message : inFrench(known, facts), facts };
}

function inFrench(error: IntramurosError, facts: ErrorFacts): string {
  const { text, whole } = french[error.code];
  const words = typeof text === 'string' ? text : text(facts);
  return frenchSpaces(whole ? words : `${words} (${error.message})`);
}

/** System failures that a command may meet, in our own codes. */
function toKnown(error: unknown): IntramurosError {
  const { code, path, message } = error as NodeJS.ErrnoException;
  const facts = path === undefined ? {} : { path };
  if (code === 'ENOSPC')
    return new IntramurosError('disk_full', 'The disk is full. Free some space and start again.', { facts });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new IntramurosError(
      'data_directory_not_writable',
      `${path ?? 'A file'} cannot be written or read (${code}).`,
      {
        facts: { ...facts, reason: code },
      },
    );
  }
  return new IntramurosError('internal', `Something failed inside Intramuros: ${message ?? String(error)}.`, {
    cause: error,
  });
}
