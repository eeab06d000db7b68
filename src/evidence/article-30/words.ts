import type { AnssiRow, Both } from '../anssi/row.ts';

/** Purposes that this product has by its nature. */
export const purposes: readonly Both[] = [
  {
    fr: 'Répondre aux questions des personnes et des applications de l’organisation par des modèles de langue',
    en: 'Answering questions of the organisation’s people and applications with language models',
  },
  { fr: 'Gérer les comptes, les droits et les quotas', en: 'Managing accounts, rights and quotas' },
  {
    fr: 'Prouver ce qui a été décidé et ce qui est sorti, et déceler les abus',
    en: 'Proving what was decided and what left, and detecting abuse',
  },
  { fr: 'Sauvegarder et rétablir l’installation', en: 'Backing up and restoring the installation' },
];

/** Whom the data is about. */
export const subjects: readonly Both[] = [
  { fr: 'Personnes qui utilisent l’installation', en: 'People who use the installation' },
  { fr: 'Personnes nommées dans les questions et les réponses', en: 'People named in questions and answers' },
];

/** A category of data, where its count comes from, and how long it stays. */
export interface CategoryWords {
  readonly count: 'people' | 'conversations' | 'messages' | 'vaults' | 'keys' | 'sessions' | 'usage' | 'records';
  readonly title: Both;
  readonly retention: Both;
}

const untilOwner: Both = {
  fr: 'Jusqu’à ce que la personne l’efface, ou que son compte soit supprimé',
  en: 'Until the person erases it, or their account is removed',
};

export const categories: readonly CategoryWords[] = [
  {
    count: 'people',
    title: {
      fr: 'Identité : nom, nom de connexion, courriel, rôles, groupes',
      en: 'Identity: name, sign-in name, e-mail, roles, groups',
    },
    retention: { fr: 'Jusqu’à la suppression du compte', en: 'Until the account is removed' },
  },
  {
    count: 'conversations',
    title: { fr: 'Conversations : titre, marquage, dates', en: 'Conversations: title, label, dates' },
    retention: untilOwner,
  },
  {
    count: 'messages',
    title: {
      fr: 'Questions et réponses, chiffrées sous la clé de la personne',
      en: 'Questions and answers, sealed under the person’s key',
    },
    retention: untilOwner,
  },
  {
    count: 'vaults',
    title: {
      fr: 'Correspondance entre pseudonymes et noms, par conversation, chiffrée',
      en: 'What placeholders stand for, by conversation, sealed',
    },
    retention: { fr: 'Avec la conversation', en: 'With the conversation' },
  },
  {
    count: 'keys',
    title: { fr: 'Clés d’API : nom, empreinte, dernier usage', en: 'API keys: name, digest, last use' },
    retention: { fr: 'Jusqu’à la suppression du compte', en: 'Until the account is removed' },
  },
  {
    count: 'sessions',
    title: { fr: 'Connexions : dates, adresse réseau', en: 'Sessions: dates, network address' },
    retention: { fr: 'Jusqu’à leur fin', en: 'Until they end' },
  },
  {
    count: 'usage',
    title: { fr: 'Compteurs d’usage par jour et par modèle', en: 'Counters of use by day and model' },
    retention: { fr: 'Jusqu’à la suppression du compte', en: 'Until the account is removed' },
  },
  {
    count: 'records',
    title: {
      fr: 'Journal de preuve : identifiants, décisions, octets, sans aucun contenu',
      en: 'Log of proof: identifiers, decisions, bytes, no content at all',
    },
    retention: {
      fr: 'Selon le réglage auditRetention : douze mois par défaut, six au moins',
      en: 'As the setting auditRetention says: twelve months by default, six at least',
    },
  },
];

/** Measures, each with the test that shows it or the setting that makes it so. */
export const measures: readonly { readonly title: Both; readonly by: AnssiRow['by'] }[] = [
  {
    title: {
      fr: 'Chiffrement au repos sous une clé par personne',
      en: 'Encryption at rest under a key for each person',
    },
    by: ['test:src/keyring/keyring.test.ts', 'test:src/conversations/conversations.test.ts', 'setting:houseKey'],
  },
  {
    title: { fr: 'Chacun ne lit que ce qui est à lui', en: 'Everybody reads only what is theirs' },
    by: ['test:test/proofs/cross-user.test.ts', 'test:src/gateway/rights.test.ts'],
  },
  {
    title: {
      fr: 'Destination décidée par le marquage, avant la connexion',
      en: 'Destination decided by the label, before the connection',
    },
    by: ['test:test/proofs/conversation-graphs.test.ts', 'test:src/policy/gate.test.ts', 'page:#/admin/policy'],
  },
  {
    title: {
      fr: 'Noms et identifiants remplacés avant l’envoi, quand la politique le demande',
      en: 'Names and identifiers replaced before sending, when policy asks for it',
    },
    by: ['test:test/proofs/masked-wire.test.ts', 'test:test/proofs/cross-conversation.test.ts'],
  },
  {
    title: { fr: 'Une seule porte vers le réseau, octets comptés', en: 'One door to the network, bytes counted' },
    by: ['test:test/proofs/bytes.test.ts', 'test:test/proofs/door.test.ts', 'test:test/proofs/canaries.test.ts'],
  },
  {
    title: { fr: 'Journal qu’un tiers vérifie', en: 'A log that a stranger verifies' },
    by: [
      'test:test/proofs/audit-kill.test.ts',
      'setting:auditWitnesses',
      'setting:auditTimestampUrl',
      'doc:tools/verify-log.mjs',
    ],
  },
  {
    title: { fr: 'Effacement par destruction de clé, avec reçu', en: 'Erasure by destroying keys, with a receipt' },
    by: ['test:src/gateway/my-data.test.ts'],
  },
  {
    title: { fr: 'Moteur et base sans accès au réseau', en: 'Engine and database without access to the network' },
    by: ['test:test/proofs/layers.test.ts', 'test:src/base/confine.test.ts'],
  },
];
