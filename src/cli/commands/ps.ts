import { findServer } from '../http/connect.ts';
import type { ModelView } from '../model-view.ts';
import { clockText, sizeText } from '../terminal/quantities.ts';
import { formatTable } from '../terminal/table.ts';
import type { Command, Context } from '../types.ts';
import { stateText } from './list.ts';

export const ps: Command = {
  name: 'ps',
  summary: { en: 'Show the models in memory.', fr: 'Montrer les modèles en mémoire.' },
  async run(context) {
    const server = await findServer(context);
    const models = server
      ? (await server.call<{ models: ModelView[] }>('GET', '/api/models', undefined, { signal: context.signal })).models
      : [];
    const loaded = models.flatMap(({ runtime }) => (runtime === null ? [] : [runtime]));
    if (context.json) context.printJson({ server: server?.address ?? null, models: loaded });
    else if (server === undefined) {
      context.note(
        context.say({
          en: 'No server is running: no model is in memory.',
          fr: 'Aucun serveur ne fonctionne : aucun modèle en mémoire.',
        }),
      );
    } else if (loaded.length === 0) {
      context.note(context.say({ en: 'No model is in memory.', fr: 'Aucun modèle en mémoire.' }));
    } else context.print(table(loaded, context));
    return 0;
  },
};

type Runtime = NonNullable<ModelView['runtime']>;

function table(loaded: readonly Runtime[], context: Context): string {
  const { language, terminal, say } = context;
  const rows = loaded.map((model) => [
    model.id,
    stateText(model.state, context),
    sizeText(model.residentBytes, language),
    `${model.contextUsedTokens} / ${model.contextTokens}`,
    `${model.activeRequests} + ${model.queuedRequests}`,
    leaving(model, context),
  ]);
  const columns = [
    { title: say({ en: 'MODEL', fr: 'MODÈLE' }), flexible: true },
    { title: say({ en: 'STATE', fr: 'ÉTAT' }) },
    { title: say({ en: 'MEMORY', fr: 'MÉMOIRE' }), align: 'right' as const },
    { title: say({ en: 'CONTEXT', fr: 'CONTEXTE' }), align: 'right' as const },
    { title: say({ en: 'ACTIVE + WAITING', fr: 'ACTIFS + EN ATTENTE' }), align: 'right' as const },
    { title: say({ en: 'LEAVES IN', fr: 'PART DANS' }), align: 'right' as const },
  ];
  return formatTable(columns, rows, { width: terminal.columns(), color: terminal.color });
}

function leaving(model: Runtime, context: Context): string {
  if (model.pinned) return context.say({ en: 'pinned', fr: 'épinglé' });
  if (model.expiresAt === undefined || model.expiresAt === null) return '';
  return clockText((model.expiresAt - Date.now()) / 1000);
}
