import type { ServerClient } from './http/client.ts';
import { modelPath } from './library.ts';
import { canChat, type ModelView } from './model-view.ts';
import { percentText } from './terminal/quantities.ts';
import { styled } from './terminal/style.ts';
import type { Context } from './types.ts';
import { CommandError } from './usage-error.ts';
import type { Words } from './words.ts';

/** The smallest model there is; any machine runs it. */
export const starterModel = 'smollm2:135m';

/** The model to talk to: the one asked for, else the setting, else the first installed that can chat. */
export async function chooseModel(client: ServerClient, context: Context): Promise<string> {
  const asked = context.flags.text('model');
  if (asked !== undefined) return asked;
  const { defaultModel } = await client.call<{ defaultModel: string | null }>('GET', '/api/status', undefined, {
    signal: context.signal,
  });
  if (defaultModel) return defaultModel;
  const { models } = await client.call<{ models: ModelView[] }>('GET', '/api/models');
  const first = models.find(canChat);
  if (first) return first.id;
  throw noModel();
}

/** No model can answer yet, and how to get one. */
export function noModel(): CommandError {
  return new CommandError('model_not_found', {
    en: `No model is installed that can chat. Get the smallest one: intramuros pull ${starterModel}.`,
    fr: `Aucun modèle installé ne sait converser. Obtenez le plus petit : intramuros pull ${starterModel}.`,
  });
}

const phaseWords: Readonly<Record<string, Words>> = {
  evicting: { en: 'making room in memory', fr: 'libération de mémoire' },
  starting: { en: 'starting the engine', fr: 'démarrage du moteur' },
  reading: { en: 'loading the model', fr: 'chargement du modèle' },
  warming: { en: 'warming up', fr: 'mise en température' },
};

/** A waiting line in words on the terminal, which clears itself. */
export class WaitingLine {
  readonly #context: Context;
  #shown = false;
  constructor(context: Context) {
    this.#context = context;
  }
  show(text: string): void {
    const { terminal } = this.#context;
    if (!terminal.errorsIsTerminal) return;
    terminal.errors.write(`\r\x1b[K${styled(`${text}…`, 'dim', terminal.errorColor)}`);
    this.#shown = true;
  }
  loading(phase: string, progress: number): void {
    const words = phaseWords[phase] ?? { en: phase, fr: phase };
    this.show(`${this.#context.say(words)}, ${percentText(progress, this.#context.language)}`);
  }
  clear(): void {
    if (this.#shown) this.#context.terminal.errors.write('\r\x1b[K');
    this.#shown = false;
  }
}

/** Loads a model and says how far it is; at once when it is in memory. */
export async function loadModel(client: ServerClient, model: string, context: Context): Promise<void> {
  const line = new WaitingLine(context);
  try {
    for await (const { event, data } of client.events(
      'POST',
      modelPath(model, '/load'),
      {},
      { signal: context.signal },
    )) {
      if (event === 'error') throw client.failure(data);
      if (event !== 'progress') continue;
      const { phase, progress } = JSON.parse(data) as { phase: string; progress: number };
      line.loading(phase, progress);
    }
  } finally {
    line.clear();
  }
}
