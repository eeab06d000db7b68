import { type AnssiRow, inCloud, isLocalOnly } from './row.ts';

/** R1 to R17: life cycle, risk, and what holds in every phase. */
export const generalRows: readonly AnssiRow[] = [
  {
    id: 'R1',
    title: {
      fr: 'Traiter la sécurité à chaque phase de la vie du système',
      en: 'Deal with security in every phase of the system’s life',
    },
    state: 'organisation',
    words: {
      fr: 'À l’organisation de définir ses mesures pour chaque phase. Le produit apporte, pour la production, des mesures éprouvées par une commande.',
      en: 'It is for the organisation to define its measures for each phase. For production, the product brings measures that a command shows.',
    },
    by: ['doc:docs/proofs.md'],
  },
  {
    id: 'R2',
    title: { fr: 'Analyser les risques avant d’entraîner', en: 'Analyse the risks before training' },
    state: 'organisation',
    words: {
      fr: 'L’analyse appartient à l’organisation. La politique et les destinations déclarées en donnent les entrées : où chaque donnée peut aller, et sous quelle responsabilité.',
      en: 'The analysis belongs to the organisation. Policy and declared destinations give its inputs: where each kind of data may go, and under whose responsibility.',
    },
    by: ['doc:docs/policy.md', 'page:#/admin/policy'],
  },
  {
    id: 'R3',
    title: { fr: 'Juger les bibliothèques et modules externes', en: 'Judge external libraries and modules' },
    state: 'partly',
    words: {
      fr: 'Chaque dépendance est figée à une version et à une empreinte ; le paquet publié est inspecté par un test. L’avis de sécurité de chacune reste à suivre par l’organisation.',
      en: 'Every dependency is pinned to a version and a hash; a test inspects the published package. Following security notices remains for the organisation.',
    },
    by: ['doc:package-lock.json', 'test:test/journeys/package.test.ts'],
  },
  {
    id: 'R4',
    title: { fr: 'Juger les sources de données externes', en: 'Judge external sources of data' },
    state: 'partly',
    words: {
      fr: 'Un modèle ne vient que d’une source nommée par un réglage, et son fichier est comparé à l’empreinte annoncée. Le produit n’ajoute aucune autre donnée externe aux questions.',
      en: 'A model comes only from a source that a setting names, and its file is compared with the announced hash. The product adds no other external data to questions.',
    },
    by: ['test:src/models/library/pull.test.ts', 'setting:huggingFaceUrl', 'setting:registryUrl'],
  },
  {
    id: 'R5',
    title: { fr: 'Développer de façon sûre tout au long du projet', en: 'Develop securely throughout the project' },
    state: 'partly',
    words: {
      fr: 'Le produit est écrit en TypeScript strict ; types, style et tests passent avant chaque livraison ; les secrets sont chiffrés au repos. La chaîne de l’organisation lui appartient.',
      en: 'The product is written in strict TypeScript; types, style and tests pass before each delivery; secrets are encrypted at rest. The organisation’s own chain is its own.',
    },
    by: ['doc:CONTRIBUTING.md', 'test:src/store/secrets.test.ts', 'test:test/direction.test.ts'],
  },
  {
    id: 'R6',
    title: { fr: 'N’employer que des formats de modèles sûrs', en: 'Use only safe model formats' },
    state: 'met',
    words: {
      fr: 'Seul le format GGUF, sans code, est servi. Un fichier mal formé est refusé avant d’atteindre le moteur ; les formats qui exécutent du code (pickle) ne sont jamais lus.',
      en: 'Only GGUF, which holds no code, is served. A malformed file is refused before it reaches the engine; formats that run code (pickle) are never read.',
    },
    by: ['test:src/models/gguf/gguf.test.ts', 'test:src/models/sources/python-package.test.ts'],
  },
  {
    id: 'R7',
    title: {
      fr: 'Penser la confidentialité des données dès la conception',
      en: 'Design for confidentiality from the start',
    },
    state: 'met',
    words: {
      fr: 'Chaque question, réponse et conversation porte un marquage qui ne peut que monter et qui décide de sa destination avant l’ouverture de la connexion. Au repos, chacune est chiffrée sous la clé de sa personne.',
      en: 'Every question, answer and conversation carries a label that can only rise and that decides where it may go before a connection opens. At rest, each is sealed under the key of its person.',
    },
    by: [
      'test:test/labels.test.ts',
      'test:test/proofs/conversation-graphs.test.ts',
      'test:test/proofs/at-rest.test.ts',
    ],
  },
  {
    id: 'R8',
    title: {
      fr: 'Tenir compte du besoin d’en connaître dès la conception',
      en: 'Design for need-to-know from the start',
    },
    state: 'met',
    words: {
      fr: 'Compartiments, plafonds par personne et par clé, conversations lisibles de leur seul auteur : aucune opération de l’interface ne montre à l’un ce qui est à l’autre.',
      en: 'Compartments, ceilings for people and keys, conversations that only their author reads: no operation of the interface shows one person what is another’s.',
    },
    by: ['test:test/proofs/cross-user.test.ts', 'test:src/policy/labels.test.ts', 'page:#/admin/groups'],
  },
  {
    id: 'R9',
    title: { fr: 'Interdire les actions critiques automatiques', en: 'Forbid automatic critical actions' },
    state: 'met',
    words: {
      fr: 'Un modèle ne fait qu’écrire du texte : il n’exécute aucun outil, et le processus qui le calcule n’ouvre aucune connexion.',
      en: 'A model does nothing but write text: it runs no tool, and the process that computes it opens no connection.',
    },
    by: ['test:test/proofs/trace.test.ts', 'test:test/proofs/layers.test.ts'],
  },
  {
    id: 'R10',
    title: { fr: 'Maîtriser les accès à privilèges', en: 'Control privileged access' },
    state: ({ accounts }) => (accounts ? 'partly' : 'not'),
    words: {
      fr: 'Rôles avec refus, chaque opération rangée sous un droit, changements de politique à deux personnes, tout consigné. Le poste d’administration dédié relève de l’organisation. Sans comptes, ce point n’est pas tenu.',
      en: 'Roles that can deny, every operation under a right, policy changes by two people, all on record. A dedicated administration workstation is the organisation’s. Without accounts this point is not held.',
    },
    by: ['test:src/gateway/rights.test.ts', 'test:src/policy/proposals/proposals.test.ts', 'page:#/admin/roles'],
  },
  {
    id: 'R11',
    title: { fr: 'Héberger dans un environnement de confiance', en: 'Host in an environment that can be trusted' },
    state: (live) => (inCloud(live).length === 0 ? 'met' : 'partly'),
    words: {
      fr: 'Le moteur calcule sur cette machine. Toute autre destination est déclarée par une personne nommée, avec pays, exploitant et conservation ; rien n’est deviné d’une adresse.',
      en: 'The engine computes on this machine. Any other destination is declared by a named person, with country, operator and retention; nothing is guessed from an address.',
    },
    by: ['page:#/admin/upstreams', 'doc:docs/upstreams.md', 'setting:enclave'],
  },
  {
    id: 'R12',
    title: { fr: 'Séparer les environnements de chaque phase', en: 'Separate the environments of each phase' },
    state: 'organisation',
    words: {
      fr: 'À l’organisation de séparer essais et production : une installation est un dossier de données, avec ses comptes, ses clés et son journal.',
      en: 'It is for the organisation to separate trials from production: an installation is one data directory with its own accounts, keys and log.',
    },
    by: ['doc:README.md'],
  },
  {
    id: 'R13',
    title: {
      fr: 'Placer une passerelle sûre devant un système exposé',
      en: 'Put a secure gateway before an exposed system',
    },
    state: (live) => (isLocalOnly(live) ? 'met' : 'organisation'),
    words: {
      fr: 'Par défaut, seule cette machine atteint le serveur. Derrière un mandataire inverse, ses adresses sont déclarées et les noms admis sont limités ; les pare-feux relèvent de l’organisation.',
      en: 'By default only this machine reaches the server. Behind a reverse proxy, its addresses are declared and the names that are served are limited; firewalls are the organisation’s.',
    },
    by: ['setting:host', 'setting:trustedProxies', 'setting:allowedHosts', 'test:src/gateway/security.test.ts'],
  },
  {
    id: 'R14',
    title: { fr: 'Préférer SecNumCloud dans un nuage public', en: 'Prefer SecNumCloud in a public cloud' },
    state: (live) => (inCloud(live).every(({ secnumcloud }) => secnumcloud !== undefined) ? 'met' : 'partly'),
    words: {
      fr: 'Les données particulièrement sensibles ne vont qu’à une destination dont le certificat est déclaré et valide ; un certificat expiré refuse. L’état dépend des destinations déclarées ici.',
      en: 'Particularly sensitive data goes only to a destination whose certificate is declared and valid; an expired one denies. The state depends on the destinations declared here.',
    },
    by: ['test:test/proofs/conversation-graphs.test.ts', 'page:#/admin/upstreams', 'doc:docs/policy.md'],
  },
  {
    id: 'R15',
    title: { fr: 'Prévoir de travailler sans le système', en: 'Plan to work without the system' },
    state: 'partly',
    words: {
      fr: 'Quand une destination tombe, une autre plus proche répond, avec un avis visible ; quand la politique ou le journal tombe, seul le moteur interne répond. La procédure sans assistant relève de l’organisation.',
      en: 'When a destination fails, a nearer one answers with a visible notice; when policy or log fails, only the engine inside answers. Working without an assistant is for the organisation to plan.',
    },
    by: ['test:src/flows/answer/fall-back.test.ts', 'test:test/proofs/policy-faults.test.ts'],
  },
  {
    id: 'R16',
    title: { fr: 'Réserver les processeurs graphiques au système', en: 'Dedicate graphics processors to the system' },
    state: 'organisation',
    words: {
      fr: 'Le moteur interne calcule sur le processeur. Le partage d’un processeur graphique, sur une autre machine de l’organisation, se règle là-bas.',
      en: 'The engine inside computes on the processor. Sharing a graphics processor, on another machine of the organisation, is settled there.',
    },
    by: ['setting:threads'],
  },
  {
    id: 'R17',
    title: { fr: 'Tenir compte des canaux auxiliaires', en: 'Mind side channels' },
    state: 'partly',
    words: {
      fr: 'Les invites gardées en cache ne sont partagées qu’à marquage égal : personne ne mesure au temps de réponse ce qu’un autre marquage a lu. La taille des morceaux d’un flux reste visible sur le réseau : chiffrez-le.',
      en: 'Cached prompts are shared under the same label alone: nobody can time what another label has read. The size of the pieces of a stream stays visible on the network: encrypt it.',
    },
    by: ['test:src/engine/scheduler/prefix-tree.test.ts', 'test:src/engine/scheduler/kept-store.test.ts'],
  },
];
