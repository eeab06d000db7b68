import type { ServerClient } from '../http/client.ts';
import { withServer } from '../http/connect.ts';
import type { Command, Context, OptionSpec } from '../types.ts';
import { readDeclaration } from '../upstream/declaration.ts';
import { type TestView, testLines, type UpstreamView, upstreamLines, upstreamTable } from '../upstream/render.ts';
import { UsageError } from '../usage-error.ts';

const actions = ['list', 'show', 'add', 'test', 'enable', 'disable', 'remove'] as const;
type Action = (typeof actions)[number];

const text = { en: 'TEXT', fr: 'TEXTE' };
const choice = { en: 'YES|NO', fr: 'YES|NO' };
const options: readonly OptionSpec[] = [
  {
    name: 'kind',
    value: { en: 'KIND', fr: 'GENRE' },
    complete: ['openai', 'ollama', 'anthropic', 'bedrock'],
    about: {
      en: 'Which API it speaks: openai, ollama, anthropic, bedrock.',
      fr: 'L’API qu’il parle : openai, ollama, anthropic, bedrock.',
    },
  },
  {
    name: 'url',
    value: { en: 'ADDRESSES', fr: 'ADRESSES' },
    about: {
      en: 'Base address; several equal replicas with commas.',
      fr: 'Adresse de base ; plusieurs répliques équivalentes avec des virgules.',
    },
  },
  {
    name: 'flavour',
    value: { en: 'SERVER', fr: 'SERVEUR' },
    complete: ['compatible', 'openai', 'vllm', 'llama-server'],
    about: {
      en: 'Which server speaks kind openai, if it is one of these.',
      fr: 'Le serveur qui parle le genre openai, si c’est l’un de ceux-ci.',
    },
  },
  {
    name: 'models',
    value: { en: 'NAMES', fr: 'NOMS' },
    about: {
      en: 'Models to offer, as the upstream names them, with commas.',
      fr: 'Modèles à proposer, tels que le service les nomme, avec des virgules.',
    },
  },
  {
    name: 'tier',
    value: { en: 'TIER', fr: 'NIVEAU' },
    complete: ['on-premises', 'iaas', 'paas', 'saas'],
    about: {
      en: 'Where it runs: on-premises, iaas, paas, saas.',
      fr: 'Où il fonctionne : on-premises, iaas, paas, saas.',
    },
  },
  {
    name: 'country',
    value: { en: 'CC', fr: 'PAYS' },
    about: { en: 'Country where data is processed, such as FR.', fr: 'Pays où les données sont traitées, comme FR.' },
  },
  {
    name: 'operator-country',
    value: { en: 'CC', fr: 'PAYS' },
    about: { en: 'Country of its operator.', fr: 'Pays de son opérateur.' },
  },
  {
    name: 'extra-eu-exposure',
    value: choice,
    complete: ['yes', 'no'],
    about: {
      en: 'Whether a law from outside the EU may reach the operator.',
      fr: 'Si un droit extérieur à l’UE peut atteindre l’opérateur.',
    },
  },
  {
    name: 'retention-days',
    value: { en: 'DAYS', fr: 'JOURS' },
    about: { en: 'How long it keeps data; 0 is not at all.', fr: 'Durée de conservation des données ; 0 pour aucune.' },
  },
  {
    name: 'trains-on-data',
    value: choice,
    complete: ['yes', 'no'],
    about: { en: 'Whether it trains models on the data.', fr: 'S’il entraîne des modèles sur les données.' },
  },
  {
    name: 'dpa',
    value: text,
    about: {
      en: 'Reference of the data processing agreement.',
      fr: 'Référence de l’accord de traitement des données.',
    },
  },
  {
    name: 'enclave',
    about: {
      en: 'It belongs to the enclave that may hold DR.',
      fr: 'Il appartient à l’enclave qui peut détenir du DR.',
    },
  },
  { name: 'title', value: text, about: { en: 'Name for people.', fr: 'Nom pour les personnes.' } },
  { name: 'region', value: text, about: { en: 'Region of kind bedrock.', fr: 'Région du genre bedrock.' } },
  {
    name: 'fallbacks',
    value: { en: 'NAMES', fr: 'NOMS' },
    about: {
      en: 'Upstreams or models to use when it fails, of no higher tier.',
      fr: 'Services ou modèles à prendre quand il échoue, de niveau non supérieur.',
    },
  },
  {
    name: 'secret-file',
    value: { en: 'FILE', fr: 'FICHIER' },
    complete: 'file',
    about: {
      en: 'Its key, alone or as JSON; - reads standard input.',
      fr: 'Sa clé, seule ou en JSON ; - lit l’entrée standard.',
    },
  },
  {
    name: 'file',
    value: { en: 'FILE', fr: 'FICHIER' },
    complete: 'file',
    about: {
      en: 'The whole declaration as JSON, as POST /api/upstreams takes it.',
      fr: 'Toute la déclaration en JSON, comme POST /api/upstreams la prend.',
    },
  },
  {
    name: 'model',
    value: { en: 'NAME', fr: 'NOM' },
    about: { en: 'Model to ask in a test.', fr: 'Modèle à interroger dans un test.' },
  },
];

export const upstream: Command = {
  name: 'upstream',
  summary: {
    en: 'Declare and test remote services that may answer.',
    fr: 'Déclarer et tester les services distants qui peuvent répondre.',
  },
  details: {
    en: 'A remote service answers only where the policy lets data of that label go, by the attributes that you declare here under your name. Nothing is guessed from an address; what is not declared counts as the worst. A secret is kept encrypted and never shown again.',
    fr: 'Un service distant ne répond que là où la politique laisse aller des données de ce marquage, d’après les attributs que vous déclarez ici sous votre nom. Rien n’est deviné d’une adresse ; ce qui n’est pas déclaré compte comme le pire. Un secret est gardé chiffré et n’est plus jamais affiché.',
  },
  arguments: [
    {
      name: { en: 'ACTION', fr: 'ACTION' },
      about: { en: `${actions.join(', ')}; list when absent.`, fr: `${actions.join(', ')} ; list en son absence.` },
      optional: true,
      complete: actions,
    },
    {
      name: { en: 'ID', fr: 'ID' },
      about: { en: 'Id of the upstream.', fr: 'Identifiant du service.' },
      optional: true,
    },
  ],
  options,
  examples: [
    {
      line: 'intramuros upstream add gpu1 --kind openai --flavour vllm --url http://10.0.0.5:8000/v1 --models mistral-small --tier on-premises --country FR --extra-eu-exposure no',
      about: { en: 'a vLLM server of your own', fr: 'un serveur vLLM à vous' },
    },
    {
      line: 'intramuros upstream add claude --file claude.json --secret-file -',
      about: {
        en: 'a service described in a file, its key typed in',
        fr: 'un service décrit dans un fichier, sa clé saisie',
      },
    },
    {
      line: 'intramuros upstream test gpu1',
      about: { en: 'one small real question', fr: 'une petite question réelle' },
    },
  ],
  async run(context) {
    const [given = 'list', id] = context.args;
    const action = actions.find((name) => name === given);
    if (action === undefined) {
      const known = actions.join(', ');
      throw new UsageError(
        { en: `upstream knows ${known}; not "${given}".`, fr: `upstream connaît ${known} ; pas « ${given} ».` },
        'upstream',
      );
    }
    if (action !== 'list' && id === undefined)
      throw new UsageError(
        { en: `upstream ${action} needs an id.`, fr: `upstream ${action} attend un identifiant.` },
        'upstream',
      );
    const declared = action === 'add' ? await readDeclaration(context, id ?? '') : undefined;
    return withServer(context, (client) => act(context, client, { action, id: id ?? '', declared }));
  },
};

interface Wish {
  readonly action: Action;
  readonly id: string;
  readonly declared: Record<string, unknown> | undefined;
}

async function act(context: Context, client: ServerClient, { action, id, declared }: Wish): Promise<number> {
  const { signal } = context;
  const path = `/api/upstreams/${encodeURIComponent(id)}`;
  if (action === 'list') {
    const found = await client.call<{ upstreams: UpstreamView[] }>('GET', '/api/upstreams', undefined, { signal });
    if (context.json) context.printJson(found);
    else if (found.upstreams.length > 0) context.print(upstreamTable(found.upstreams, context));
    else
      context.note(
        context.say({
          en: 'No remote service is declared: nothing leaves.',
          fr: 'Aucun service distant n’est déclaré : rien ne sort.',
        }),
      );
    return 0;
  }
  if (action === 'test') {
    const model = context.flags.text('model');
    const result = await client.call<TestView>('POST', `${path}/test`, model === undefined ? {} : { model }, {
      signal,
    });
    if (context.json) context.printJson(result);
    else for (const line of testLines(result, context)) context.print(line);
    return result.ok ? 0 : 1;
  }
  if (action === 'remove') {
    await client.call('DELETE', path, undefined, { signal });
    if (context.json) context.printJson({ removed: id });
    else
      context.print(context.say({ en: `${id} is removed, and its secret.`, fr: `${id} est retiré, et son secret.` }));
    return 0;
  }
  const view = await change(client, { action, id, declared }, path, signal);
  if (context.json) context.printJson(view);
  else for (const line of upstreamLines(view, context)) context.print(line);
  return 0;
}

async function change(
  client: ServerClient,
  { action, declared }: Wish,
  path: string,
  signal: AbortSignal,
): Promise<UpstreamView> {
  if (action === 'add') return client.call<UpstreamView>('POST', '/api/upstreams', declared, { signal });
  const view = await client.call<UpstreamView>('GET', path, undefined, { signal });
  if (action === 'show') return view;
  const patch = { version: view.version, enabled: action === 'enable' };
  return client.call<UpstreamView>('PATCH', path, patch, { signal });
}
