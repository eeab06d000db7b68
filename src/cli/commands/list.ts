import { starterModel } from '../choose-model.ts';
import { installedModels, openLibrary } from '../library.ts';
import { parameterText, sizeText } from '../terminal/quantities.ts';
import { formatTable } from '../terminal/table.ts';
import type { Command, Context } from '../types.ts';

export const list: Command = {
  name: 'list',
  summary: { en: 'List the installed models.', fr: 'Lister les modèles installés.' },
  options: [
    {
      name: 'catalogue',
      about: {
        en: 'List the models that can be pulled by name.',
        fr: 'Lister les modèles que l’on peut obtenir par leur nom.',
      },
    },
  ],
  async run(context) {
    return context.flags.has('catalogue') ? listCatalogue(context) : listInstalled(context);
  },
};

async function listInstalled(context: Context): Promise<number> {
  const models = await installedModels(context);
  if (context.json) {
    context.printJson({ models });
    return 0;
  }
  if (models.length === 0) {
    context.note(
      context.say({
        en: `No model is installed. Get one: intramuros pull ${starterModel}.`,
        fr: `Aucun modèle installé. Obtenez-en un : intramuros pull ${starterModel}.`,
      }),
    );
    return 0;
  }
  const { language, terminal } = context;
  const rows = models.map((model) => [
    model.id,
    parameterText(model.parameterCount, language),
    model.tuned?.enabled ? `${model.quantization} → ${model.tuned.quantization}` : model.quantization,
    sizeText(model.sizeBytes, language),
    model.capabilities.join(' '),
    model.runtime === null ? '' : stateText(model.runtime.state, context),
  ]);
  const columns = [
    { title: context.say({ en: 'MODEL', fr: 'MODÈLE' }) },
    { title: context.say({ en: 'PARAMETERS', fr: 'PARAMÈTRES' }), align: 'right' as const },
    { title: 'QUANTISATION' },
    { title: context.say({ en: 'SIZE', fr: 'TAILLE' }), align: 'right' as const },
    { title: context.say({ en: 'FOR', fr: 'POUR' }), flexible: true },
    { title: context.say({ en: 'IN MEMORY', fr: 'EN MÉMOIRE' }) },
  ];
  context.print(formatTable(columns, rows, { width: terminal.columns(), color: terminal.color }));
  return 0;
}

const states = {
  loading: { en: 'loading', fr: 'chargement' },
  ready: { en: 'ready', fr: 'prêt' },
  unloading: { en: 'unloading', fr: 'déchargement' },
  failed: { en: 'failed', fr: 'échec' },
};

/** State of a model in memory, in words. */
export function stateText(state: keyof typeof states, context: Context): string {
  return context.say(states[state]);
}

async function listCatalogue(context: Context): Promise<number> {
  await using open = await openLibrary(context);
  const { library } = open;
  const installed = new Set((await library.list()).map(({ id }) => id));
  const entries = library.catalogue();
  if (context.json) {
    context.printJson({ entries: entries.map((entry) => ({ ...entry, installed: installed.has(entry.id) })) });
    return 0;
  }
  const { language, terminal } = context;
  const rows = entries.map((entry) => {
    const sizes = entry.variants.map(({ sizeBytes }) => sizeBytes);
    return [
      entry.id,
      entry.title,
      parameterText(entry.parameterCount, language),
      sizes.length === 0 ? '' : sizeText(Math.min(...sizes), language),
      entry.licence,
      installed.has(entry.id) ? context.say({ en: 'yes', fr: 'oui' }) : '',
    ];
  });
  const columns = [
    { title: context.say({ en: 'MODEL', fr: 'MODÈLE' }) },
    { title: context.say({ en: 'NAME', fr: 'NOM' }), flexible: true },
    { title: context.say({ en: 'PARAMETERS', fr: 'PARAMÈTRES' }), align: 'right' as const },
    { title: context.say({ en: 'FROM', fr: 'DÈS' }), align: 'right' as const },
    { title: context.say({ en: 'LICENCE', fr: 'LICENCE' }), flexible: true },
    { title: context.say({ en: 'INSTALLED', fr: 'INSTALLÉ' }) },
  ];
  context.print(formatTable(columns, rows, { width: terminal.columns(), color: terminal.color }));
  return 0;
}
