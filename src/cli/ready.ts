import { availableParallelism, totalmem } from 'node:os';
import { openLibrary } from './library.ts';
import { canChat } from './model-view.ts';
import { numberText, sizeText } from './terminal/quantities.ts';
import { styled } from './terminal/style.ts';
import type { Context } from './types.ts';

/** What a person reads when the server is ready: where it is, what answers, what it may reach, where its data are. */
export async function sayReady(context: Context, address: string, startMs: number): Promise<void> {
  await using open = await openLibrary(context);
  const { library } = open;
  const models = (await library.list()).filter(canChat);
  const { settings } = context.resolved();
  const model = models.find(({ id }) => id === settings.defaultModel) ?? models[0];
  const better = (await context.house.recommend(context.language))?.entry;
  if (context.json) {
    context.printJson(
      { address, model: model?.id ?? null, home: context.home, outside: [], better: better?.id ?? null },
      { line: true },
    );
    return;
  }
  const { say, language } = context;
  const rows: [string, string][] = [
    [say({ en: 'Address', fr: 'Adresse' }), address],
    [
      say({ en: 'Model', fr: 'Modèle' }),
      model === undefined
        ? say({ en: 'none yet: intramuros pull smollm2:135m', fr: 'aucun : intramuros pull smollm2:135m' })
        : `${model.id} (${model.title}, ${sizeText(model.sizeBytes, language)})`,
    ],
    [
      say({ en: 'Reaches outside', fr: 'Accès au dehors' }),
      settings.offline
        ? say({ en: 'nothing, and may not (offline)', fr: 'rien, et c’est interdit (offline)' })
        : say({ en: 'nothing, unless you pull a model', fr: 'rien, sauf si vous obtenez un modèle' }),
    ],
    [say({ en: 'Data', fr: 'Données' }), context.home],
  ];
  if (better !== undefined && !models.some(({ id }) => id === better.id)) {
    const memory = sizeText(totalmem(), language);
    const cores = availableParallelism();
    rows.push([
      say({ en: 'Better model', fr: 'Mieux' }),
      say({
        en: `${better.title} fits this machine (${cores} cores, ${memory}): intramuros pull ${better.id}`,
        fr: `${better.title} convient à cette machine (${cores} cœurs, ${memory}) : intramuros pull ${better.id}`,
      }),
    ]);
  }
  const seconds = numberText((startMs / 1000).toFixed(1), language);
  const { terminal } = context;
  terminal.output.write(`${styled(`Intramuros ${context.house.version}`, 'bold', terminal.color)}\n`);
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  for (const [name, value] of rows) context.print(`  ${styled(name.padEnd(width), 'dim', terminal.color)}${value}`);
  context.print(
    say({
      en: `Ready in ${seconds} s. Ctrl+C stops it.`,
      fr: `Prêt en ${seconds} s. Ctrl+C l’arrête.`,
    }),
  );
}
