import type { PullEvent } from '../../models/index.ts';
import { findServer } from '../http/connect.ts';
import { openLibrary } from '../library.ts';
import { type ModelView, toModelView } from '../model-view.ts';
import { ProgressBar } from '../terminal/progress-bar.ts';
import { sizeText } from '../terminal/quantities.ts';
import type { Command, Context } from '../types.ts';
import { CommandError } from '../usage-error.ts';
import type { Words } from '../words.ts';

type Step = Exclude<PullEvent, { type: 'done' }> | { readonly type: 'done'; readonly model: ModelView };

export const pull: Command = {
  name: 'pull',
  summary: { en: 'Get a model.', fr: 'Obtenir un modèle.' },
  details: {
    en: 'The model is a name of the catalogue (intramuros list --catalogue), hf.co/OWNER/REPOSITORY[:QUANTISATION], ollama:NAME[:TAG], a web address or the path of a GGUF file. Ctrl+C stops; the same command goes on from where it stopped. What is received is checked before it is used.',
    fr: 'Le modèle est un nom du catalogue (intramuros list --catalogue), hf.co/PROPRIÉTAIRE/DÉPÔT[:QUANTIFICATION], ollama:NOM[:ÉTIQUETTE], une adresse web ou le chemin d’un fichier GGUF. Ctrl+C arrête ; la même commande reprend où elle en était. Ce qui est reçu est vérifié avant de servir.',
  },
  arguments: [
    {
      name: { en: 'MODEL', fr: 'MODÈLE' },
      about: { en: 'Which model, and from where.', fr: 'Quel modèle, et d’où.' },
      complete: 'catalogue',
    },
  ],
  examples: [
    { line: 'intramuros pull smollm2:135m', about: { en: 'by its catalogue name', fr: 'par son nom au catalogue' } },
    { line: 'intramuros pull ./model.gguf', about: { en: 'a file of this disk', fr: 'un fichier de ce disque' } },
  ],
  async run(context) {
    await pullModel(context, context.args[0] ?? '');
    return 0;
  },
};

/** Gets a model with progress on standard error; JSON lines on standard output under `--json`. */
export async function pullModel(context: Context, reference: string): Promise<ModelView> {
  const bar = new ProgressBar(context.terminal, context.language);
  const failed: string[] = [];
  try {
    for await (const event of steps(context, reference)) {
      if (context.json) context.printJson(event, { line: true });
      else showStep(event, { bar, context, reference });
      if (event.type === 'source-failed') failed.push(`${event.source}: ${event.reason}`);
      if (event.type === 'done') return event.model;
    }
  } finally {
    bar.clear();
    if (context.signal.aborted && !context.json) sayResumes(context, reference);
  }
  throw new CommandError('pull_failed', {
    en: `The pull of ${reference} ended without a model. ${failed.join(' ')}`,
    fr: `Le téléchargement de ${reference} s’est terminé sans modèle. ${failed.join(' ')}`,
  });
}

async function* steps(context: Context, reference: string): AsyncGenerator<Step, void, undefined> {
  const { signal } = context;
  const server = await findServer(context);
  if (server === undefined) {
    await using open = await openLibrary(context);
    const { library } = open;
    for await (const event of library.pull(reference, { signal })) {
      yield event.type === 'done' ? { ...event, model: toModelView(event.model) } : event;
    }
    return;
  }
  for await (const { event, data } of server.events('POST', '/api/models/fetch', { reference }, { signal })) {
    if (event === 'error') throw server.failure(data);
    yield JSON.parse(data) as Step;
  }
}

const phases = {
  downloading: { en: 'downloading', fr: 'téléchargement' },
  verifying: { en: 'verifying', fr: 'vérification' },
  unpacking: { en: 'unpacking', fr: 'extraction' },
  converting: { en: 'converting', fr: 'conversion' },
} satisfies Record<string, Words>;

function showStep(
  event: Step,
  { bar, context, reference }: { bar: ProgressBar; context: Context; reference: string },
): void {
  if (event.type === 'looking' && context.verbose) {
    bar.say(context.say({ en: `Looking at ${event.source}`, fr: `Recherche : ${event.source}` }));
  } else if (event.type === 'source-failed') {
    bar.say(
      context.say({ en: `${event.source} failed: ${event.reason}`, fr: `Échec de ${event.source} : ${event.reason}` }),
    );
  } else if (event.type === 'progress') {
    bar.update({ ...event, label: `${reference} ${context.say(phases[event.phase])}` });
  } else if (event.type === 'done') {
    bar.clear();
    const size = sizeText(event.model.sizeBytes, context.language);
    context.note(
      context.say({
        en: `${event.model.id} is installed (${event.model.title}, ${event.model.quantization}, ${size}).`,
        fr: `${event.model.id} est installé (${event.model.title}, ${event.model.quantization}, ${size}).`,
      }),
    );
  }
}

function sayResumes(context: Context, reference: string): void {
  context.note(
    context.say({
      en: `Stopped. "intramuros pull ${reference}" goes on from here.`,
      fr: `Arrêté. « intramuros pull ${reference} » reprendra ici.`,
    }),
  );
}
