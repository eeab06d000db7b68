import type { InstalledModel } from '../../models/index.ts';
import { WaitingLine } from '../choose-model.ts';
import { withServer } from '../http/connect.ts';
import { modelPath } from '../library.ts';
import { numberText, percentText } from '../terminal/quantities.ts';
import type { Command, Context } from '../types.ts';

export const optimize: Command = {
  name: 'optimize',
  summary: {
    en: 'Make a copy of a model that is faster on this machine.',
    fr: 'Faire d’un modèle une copie plus rapide sur cette machine.',
  },
  details: {
    en: 'The formats that this processor computes fastest are tried, measured against the pulled file, and the fastest whose loss is small is kept beside it. The original stays. The setting "optimize" does this after each pull.',
    fr: 'Les formats que ce processeur calcule le plus vite sont essayés, mesurés contre le fichier obtenu, et le plus rapide dont la perte est faible est gardé à côté. L’original reste. Le réglage « optimize » le fait après chaque téléchargement.',
  },
  arguments: [
    {
      name: { en: 'MODEL', fr: 'MODÈLE' },
      about: { en: 'Name of an installed model.', fr: 'Nom d’un modèle installé.' },
      complete: 'model',
    },
  ],
  async run(context) {
    const id = context.args[0] ?? '';
    return withServer(context, async (client) => {
      const line = new WaitingLine(context);
      try {
        for await (const { event, data } of client.events(
          'POST',
          modelPath(id, '/optimize'),
          {},
          { signal: context.signal },
        )) {
          if (event === 'error') throw client.failure(data);
          const value = JSON.parse(data) as Record<string, unknown>;
          if (event === 'progress') line.show(progressText(value, context));
          if (event === 'done') {
            line.clear();
            report(id, (value.tuned ?? null) as InstalledModel['tuned'] | null, context);
          }
        }
      } finally {
        line.clear();
      }
      return 0;
    });
  },
};

function progressText(value: Record<string, unknown>, context: Context): string {
  const words = [value.words, value.phase, value.step].find((item) => typeof item === 'string');
  const share = typeof value.progress === 'number' ? `, ${percentText(value.progress, context.language)}` : '';
  return `${words ?? context.say({ en: 'measuring', fr: 'mesure' })}${share}`;
}

function report(id: string, tuned: InstalledModel['tuned'] | null, context: Context): void {
  if (context.json) {
    context.printJson({ model: id, tuned });
    return;
  }
  if (!tuned) {
    context.note(
      context.say({
        en: `${id} keeps its file: no other format is faster here with a small loss.`,
        fr: `${id} garde son fichier : aucun autre format n’est ici plus rapide avec une faible perte.`,
      }),
    );
    return;
  }
  const ratio = (now: number, before: number): string => numberText((now / before).toFixed(1), context.language);
  const reading = ratio(tuned.prefillTokensPerSecond, tuned.original.prefillTokensPerSecond);
  const writing = ratio(tuned.decodeTokensPerSecond, tuned.original.decodeTokensPerSecond);
  context.note(
    context.say({
      en: `${id} has a copy in ${tuned.quantization}: reads ${reading} times as fast, writes ${writing} times as fast, KLD ${tuned.kld.toFixed(4)}.`,
      fr: `${id} a une copie en ${tuned.quantization} : lit ${reading} fois plus vite, écrit ${writing} fois plus vite, KLD ${numberText(tuned.kld.toFixed(4), 'fr')}.`,
    }),
  );
}
