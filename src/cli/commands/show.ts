import { findServer } from '../http/connect.ts';
import { modelPath, openLibrary } from '../library.ts';
import { type ModelView, toModelView } from '../model-view.ts';
import { numberText, parameterText, percentText, sizeText } from '../terminal/quantities.ts';
import { styled } from '../terminal/style.ts';
import { textWidth } from '../terminal/text-width.ts';
import type { Command, Context } from '../types.ts';
import { stateText } from './list.ts';

export const show: Command = {
  name: 'show',
  summary: { en: 'Show what is known of a model.', fr: 'Montrer ce que l’on sait d’un modèle.' },
  arguments: [
    {
      name: { en: 'MODEL', fr: 'MODÈLE' },
      about: { en: 'Name of an installed model.', fr: 'Nom d’un modèle installé.' },
      complete: 'model',
    },
  ],
  async run(context) {
    const model = await getModel(context, context.args[0] ?? '');
    if (context.json) context.printJson(model);
    else for (const line of describe(model, context)) context.print(line);
    return 0;
  },
};

async function getModel(context: Context, id: string): Promise<ModelView> {
  await using open = await openLibrary(context);
  const { library } = open;
  const view = toModelView(await library.get(id));
  const server = await findServer(context);
  if (server === undefined) return view;
  const { runtime } = await server.call<ModelView>('GET', modelPath(view.id));
  return { ...view, runtime };
}

function describe(model: ModelView, context: Context): string[] {
  const { language, say } = context;
  const rows: (readonly [string, string | undefined])[] = [
    [say({ en: 'Model', fr: 'Modèle' }), `${model.id} (${model.title})`],
    [say({ en: 'Architecture', fr: 'Architecture' }), model.architecture],
    [say({ en: 'Parameters', fr: 'Paramètres' }), parameterText(model.parameterCount, language)],
    [
      say({ en: 'Quantisation', fr: 'Quantification' }),
      `${model.quantization}, ${numberText(model.bitsPerWeight.toFixed(1), language)} bit/${say({ en: 'weight', fr: 'poids' })}`,
    ],
    [say({ en: 'Size', fr: 'Taille' }), sizeText(model.sizeBytes, language)],
    [say({ en: 'Context', fr: 'Contexte' }), `${model.contextTokens} ${say({ en: 'tokens', fr: 'jetons' })}`],
    [say({ en: 'Can do', fr: 'Sait faire' }), model.capabilities.join(', ')],
    [say({ en: 'Languages', fr: 'Langues' }), model.languages.join(', ') || undefined],
    [say({ en: 'Licence', fr: 'Licence' }), model.licence ?? undefined],
    [say({ en: 'Origin', fr: 'Origine' }), model.origin.detail],
    [say({ en: 'Installed', fr: 'Installé le' }), model.installedAt],
    ['SHA-256', model.sha256],
    ...(model.files ?? []).map((file) => [say({ en: 'File', fr: 'Fichier' }), file] as const),
    ...tunedRows(model, context),
    ...runtimeRows(model, context),
  ];
  const kept = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  const width = Math.max(...kept.map(([name]) => textWidth(name)));
  return kept.map(([name, value]) => {
    const space = ' '.repeat(width - textWidth(name) + 2);
    return `${styled(name, 'dim', context.terminal.color)}${space}${value}`;
  });
}

function tunedRows({ tuned }: ModelView, { language, say }: Context): (readonly [string, string])[] {
  if (!tuned) return [];
  const gain = (now: number, before: number): string => `× ${numberText((now / before).toFixed(1), language)}`;
  const { original } = tuned;
  return [
    [
      say({ en: 'Tuned copy', fr: 'Copie optimisée' }),
      `${tuned.quantization}, ${sizeText(tuned.sizeBytes, language)}, ${tuned.enabled ? say({ en: 'in use', fr: 'utilisée' }) : say({ en: 'not in use', fr: 'inutilisée' })}`,
    ],
    [
      say({ en: 'Gain', fr: 'Gain' }),
      say({
        en: `reading ${gain(tuned.prefillTokensPerSecond, original.prefillTokensPerSecond)}, writing ${gain(tuned.decodeTokensPerSecond, original.decodeTokensPerSecond)} (measured on ${tuned.measuredOn})`,
        fr: `lecture ${gain(tuned.prefillTokensPerSecond, original.prefillTokensPerSecond)}, écriture ${gain(tuned.decodeTokensPerSecond, original.decodeTokensPerSecond)} (mesuré sur ${tuned.measuredOn})`,
      }),
    ],
    [
      say({ en: 'Loss', fr: 'Perte' }),
      say({
        en: `KLD ${tuned.kld.toFixed(4)}, same first choice ${percentText(tuned.sameTopToken, language)}`,
        fr: `KLD ${numberText(tuned.kld.toFixed(4), language)}, même premier choix ${percentText(tuned.sameTopToken, language)}`,
      }),
    ],
  ];
}

function runtimeRows({ runtime }: ModelView, context: Context): (readonly [string, string])[] {
  if (runtime === null) return [];
  const memory = sizeText(runtime.residentBytes, context.language);
  return [[context.say({ en: 'In memory', fr: 'En mémoire' }), `${stateText(runtime.state, context)}, ${memory}`]];
}
