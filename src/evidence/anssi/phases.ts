import { type AnssiRow, inCloud, isLocalOnly } from './row.ts';

/** R18 to R35: training, deployment, production, generated code, public and third-party services. */
export const phaseRows: readonly AnssiRow[] = [
  {
    id: 'R18',
    title: { fr: 'N’entraîner que sur ce que les utilisateurs peuvent lire', en: 'Train only on what users may read' },
    state: 'organisation',
    words: {
      fr: 'Le produit n’entraîne aucun modèle. Qui en entraîne ailleurs doit veiller à la sensibilité de ses données.',
      en: 'The product trains no model. Whoever trains one elsewhere must mind how sensitive its data is.',
    },
    by: ['doc:docs/evidence.md'],
  },
  {
    id: 'R19',
    title: { fr: 'Protéger l’intégrité des données d’entraînement', en: 'Protect the integrity of training data' },
    state: 'organisation',
    words: {
      fr: 'Le produit n’a pas de données d’entraînement.',
      en: 'The product has no training data.',
    },
    by: ['doc:docs/evidence.md'],
  },
  {
    id: 'R20',
    title: { fr: 'Protéger l’intégrité des fichiers du système', en: 'Protect the integrity of the system’s files' },
    state: 'partly',
    words: {
      fr: 'Un modèle est comparé à son empreinte quand il arrive, et le reçu de chaque réponse la porte. Une comparaison régulière des fichiers en place reste à faire par l’organisation.',
      en: 'A model is compared with its hash when it arrives, and the receipt of each answer carries it. Comparing the files in place at intervals remains for the organisation.',
    },
    by: ['test:src/models/library/pull.test.ts', 'test:src/models/library/library.test.ts', 'doc:docs/evidence.md'],
  },
  {
    id: 'R21',
    title: { fr: 'Ne pas réentraîner en production', en: 'Do not retrain in production' },
    state: 'met',
    words: {
      fr: 'Rien n’apprend des questions ni des réponses. La copie accordée à la machine est le même modèle, réencodé.',
      en: 'Nothing learns from questions or answers. The copy that is tuned to the machine is the same model, encoded anew.',
    },
    by: ['test:src/engine/tuned/optimize-model.test.ts', 'setting:optimize'],
  },
  {
    id: 'R22',
    title: { fr: 'Sécuriser la chaîne de mise en production', en: 'Secure the way into production' },
    state: 'organisation',
    words: {
      fr: 'Le déploiement depuis un réseau d’administration relève de l’organisation. L’installation ne demande ni droits d’administrateur ni téléchargement une fois le paquet présent.',
      en: 'Deploying from an administration network is the organisation’s. Installing needs neither administrator rights nor a download once the package is there.',
    },
    by: ['doc:README.md', 'test:test/journeys/package.test.ts'],
  },
  {
    id: 'R23',
    title: { fr: 'Auditer la sécurité avant la mise en production', en: 'Audit security before production' },
    state: 'partly',
    words: {
      fr: 'Sorties cachées, ruses de noms, coupures et pannes sont rejouées par une commande, que l’auditeur peut relancer. L’audit par un tiers reste à mener.',
      en: 'Hidden ways out, tricks of names, cuts and faults are played again by one command, which an auditor can run. An audit by a third party remains to be made.',
    },
    by: ['test:test/proofs/canaries.test.ts', 'test:test/proofs/door.test.ts', 'doc:docs/proofs.md'],
  },
  {
    id: 'R24',
    title: {
      fr: 'Éprouver le système sur le métier avant la mise en production',
      en: 'Test the system on real work before production',
    },
    state: 'organisation',
    words: {
      fr: 'La qualité des réponses se juge sur les questions de l’organisation. Les mesures de vitesse sont reproductibles.',
      en: 'How good answers are is judged on the organisation’s own questions. Measures of speed can be reproduced.',
    },
    by: ['doc:docs/benchmarks.md'],
  },
  {
    id: 'R25',
    title: { fr: 'Filtrer les entrées et les sorties', en: 'Filter what goes in and what comes out' },
    state: 'partly',
    words: {
      fr: 'Un marquage au-dessus de la destination arrête la question ; la mention Secret est refusée partout ; les noms et identifiants sont remplacés avant l’envoi quand la politique le demande ; la taille des demandes et des réponses est bornée. Aucun filtre ne juge l’intention d’une question.',
      en: 'A label above the destination stops a question; a Secret marking is refused everywhere; names and identifiers are replaced before sending when policy asks for it; requests and answers are bounded in size. No filter judges what a question is meant for.',
    },
    by: [
      'test:src/policy/gate.test.ts',
      'test:test/proofs/masked-wire.test.ts',
      'test:test/proofs/personal-data.test.ts',
      'setting:bodyLimit',
    ],
  },
  {
    id: 'R26',
    title: {
      fr: 'Maîtriser les échanges avec les autres applications',
      en: 'Control exchanges with other applications',
    },
    state: 'met',
    words: {
      fr: 'Une seule porte vers le réseau : liste d’accès, décision avant connexion, octets comptés et rapprochés du journal. Les applications se présentent par des clés limitées, les personnes par OpenID Connect ou un annuaire.',
      en: 'One door to the network: an allow-list, a decision before the connection, bytes counted and matched with the log. Applications come with limited keys, people by OpenID Connect or a directory.',
    },
    by: [
      'test:test/proofs/bytes.test.ts',
      'test:test/proofs/door.test.ts',
      'test:src/gateway/oidc.test.ts',
      'page:#/admin/egress',
    ],
  },
  {
    id: 'R27',
    title: {
      fr: 'Limiter les actions automatiques sur des entrées non maîtrisées',
      en: 'Limit automatic actions on input that nobody controls',
    },
    state: 'met',
    words: {
      fr: 'Aucun contenu, d’où qu’il vienne, ne déclenche d’action : le produit ne va chercher ni page ni courriel, et un modèle n’a pas d’outil.',
      en: 'No content, wherever it comes from, sets off an action: the product fetches no page and no mail, and a model has no tool.',
    },
    by: ['test:test/proofs/trace.test.ts', 'doc:docs/egress.md'],
  },
  {
    id: 'R28',
    title: {
      fr: 'Isoler le système dans un environnement dédié',
      en: 'Isolate the system in an environment of its own',
    },
    state: 'met',
    words: {
      fr: 'Le moteur vit dans un processus sans réseau, la base dans un autre ; les règles de la machine s’écrivent depuis la même liste. Chaque couche est éprouvée, et sa perte est signalée.',
      en: 'The engine lives in a process without network, the database in another; rules for the host are written from the same list. Each layer is tried, and its loss is reported.',
    },
    by: ['test:test/proofs/layers.test.ts', 'test:src/base/confine.test.ts', 'test:src/egress/host-rules.test.ts'],
  },
  {
    id: 'R29',
    title: { fr: 'Consigner tous les traitements', en: 'Keep a log of all processing' },
    state: 'met',
    words: {
      fr: 'Chaque décision est sur le disque avant l’envoi, chaque issue ensuite, dans un journal dont un tiers vérifie l’intégrité. Le contenu n’y est pas : un engagement chiffré permet de le prouver à qui l’a écrit.',
      en: 'Each decision is on the disk before anything is sent, each outcome after, in a log whose integrity a stranger can verify. Content is not in it: a commitment lets whoever wrote it prove it.',
    },
    by: [
      'test:test/proofs/audit-kill.test.ts',
      'test:test/proofs/audit-tamper.test.ts',
      'test:test/proofs/receipts.test.ts',
      'doc:docs/evidence.md',
    ],
  },
  {
    id: 'R30',
    title: { fr: 'Contrôler le code généré', en: 'Check generated code' },
    state: 'organisation',
    words: {
      fr: 'Le produit n’exécute et n’enregistre jamais le code qu’un modèle écrit. Sa relecture relève de l’organisation.',
      en: 'The product never runs or commits code that a model writes. Reviewing it is the organisation’s.',
    },
    by: ['doc:docs/evidence.md'],
  },
  {
    id: 'R31',
    title: { fr: 'Écarter le code généré des modules critiques', en: 'Keep generated code out of critical modules' },
    state: 'organisation',
    words: {
      fr: 'Règle de développement de l’organisation.',
      en: 'A rule of the organisation’s own development.',
    },
    by: ['doc:docs/evidence.md'],
  },
  {
    id: 'R32',
    title: {
      fr: 'Sensibiliser les développeurs au code généré',
      en: 'Make developers aware of the risks of generated code',
    },
    state: 'organisation',
    words: {
      fr: 'Formation à mener par l’organisation.',
      en: 'Training for the organisation to give.',
    },
    by: ['doc:docs/evidence.md'],
  },
  {
    id: 'R33',
    title: { fr: 'Durcir un service ouvert au public', en: 'Harden a service that is open to the public' },
    state: (live) => (isLocalOnly(live) ? 'met' : live.accounts ? 'partly' : 'not'),
    words: {
      fr: 'Hors de cette machine, des comptes ou une clé sont exigés ; quotas, tailles et délais sont bornés ; l’historique n’est lu que de son auteur. La défense contre les dénis de service massifs relève de l’organisation.',
      en: 'Beyond this machine accounts or a key are required; quotas, sizes and times are bounded; history is read by its author alone. Defence against floods from many machines is the organisation’s.',
    },
    by: ['test:src/gateway/security.test.ts', 'test:src/identity/counters.test.ts', 'setting:host'],
  },
  {
    id: 'R34',
    title: {
      fr: 'Interdire les services d’Internet pour des données sensibles',
      en: 'Forbid services on the Internet for sensitive data',
    },
    state: (live) => (inCloud(live).length === 0 ? 'met' : 'partly'),
    words: {
      fr: 'La politique refuse à toute destination extérieure les données au-dessus de son rang, avant la connexion. L’état est « partiel » dès qu’un nuage est déclaré : le marquage doit alors être juste.',
      en: 'Policy denies data above its rank to any destination outside, before the connection. The state is “partly” as soon as a cloud is declared: labels must then be right.',
    },
    by: ['test:test/proofs/conversation-graphs.test.ts', 'page:#/admin/policy', 'page:#/admin/decisions'],
  },
  {
    id: 'R35',
    title: { fr: 'Revoir régulièrement les droits', en: 'Review rights regularly' },
    state: 'partly',
    words: {
      fr: 'Rôles, clés, leur dernier usage et chaque changement sont sur une page et dans le journal. La revue elle-même relève de l’organisation.',
      en: 'Roles, keys, their last use and every change are on a page and in the log. The review itself is the organisation’s.',
    },
    by: ['page:#/admin/roles', 'page:#/admin/keys', 'test:src/identity/keys.test.ts'],
  },
];
