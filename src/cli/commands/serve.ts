import { once } from 'node:events';
import { IntramurosError, type ResolvedSettings } from '../../base/index.ts';
import { noModel, starterModel } from '../choose-model.ts';
import { removeServerFile, writeServerFile } from '../http/server-file.ts';
import { launcherGone } from '../launcher.ts';
import { openLibrary } from '../library.ts';
import { canChat } from '../model-view.ts';
import { checkPort } from '../port.ts';
import { sayReady } from '../ready.ts';
import type { Command, Context } from '../types.ts';
import { CommandError } from '../usage-error.ts';
import { pullModel } from './pull.ts';

export const serve: Command = {
  name: 'serve',
  summary: { en: 'Start the server: the page and the API.', fr: 'Démarrer le serveur : la page et l’API.' },
  details: {
    en: 'Listens on this machine alone unless the settings say otherwise. Ctrl+C lets running answers stop and ends it.',
    fr: 'N’écoute que sur cette machine, sauf réglage contraire. Ctrl+C arrête les réponses en cours puis le serveur.',
  },
  options: [
    {
      name: 'port',
      short: 'p',
      value: { en: 'NUMBER', fr: 'NOMBRE' },
      about: { en: 'Port to listen on; 0 takes a free one.', fr: 'Port d’écoute ; 0 en prend un libre.' },
    },
    {
      name: 'host',
      value: { en: 'ADDRESS', fr: 'ADRESSE' },
      about: { en: 'Address to listen on.', fr: 'Adresse d’écoute.' },
    },
    {
      name: 'starter',
      about: {
        en: 'Get the starter model first when no model is installed that can chat.',
        fr: 'Obtenir d’abord le modèle de départ si aucun modèle installé ne sait converser.',
      },
    },
    {
      name: 'offline',
      about: {
        en: 'Refuse every connection to another machine.',
        fr: 'Refuser toute connexion vers une autre machine.',
      },
    },
  ],
  async run(context) {
    using launcher = launcherGone(process.env);
    const resolved = withQuietTerminal(context);
    const { host, port } = resolved.settings;
    // A port that is taken is said before a download of minutes, not after.
    await checkPort(host, port);
    if (context.flags.has('starter')) await ensureStarter(context);
    const startedAt = performance.now();
    const server = await context.house.startServer({ home: context.home, resolved, signal: context.signal });
    try {
      writeServerFile(context.home, { pid: process.pid, address: server.address, version: context.house.version });
      await sayReady(context, server.address, performance.now() - startedAt);
      await stopped(context.signal, launcher.signal);
    } finally {
      removeServerFile(context.home);
      await server.close();
    }
    return 0;
  },
};

/** A person at a terminal reads sentences; the log's lines are for a file, unless they asked for them. */
function withQuietTerminal({ resolved, terminal }: Context): ResolvedSettings {
  const { settings, origins } = resolved();
  const quiet = terminal.errorsIsTerminal && origins.logLevel === 'default';
  return { origins, settings: quiet ? { ...settings, logLevel: 'warn' } : settings };
}

/** Makes sure that the page opens on a chat that answers. */
async function ensureStarter(context: Context): Promise<void> {
  const installed = await hasChatModel(context);
  if (installed) return;
  context.note(
    context.say({
      en: `No model is installed yet: getting the starter model ${starterModel}.`,
      fr: `Aucun modèle installé pour l’instant : obtention du modèle de départ ${starterModel}.`,
    }),
  );
  try {
    await pullModel(context, starterModel);
  } catch (error) {
    context.signal.throwIfAborted();
    const reason = error instanceof IntramurosError || error instanceof CommandError ? error.message : String(error);
    throw new CommandError(
      'pull_failed',
      {
        en: `The starter model could not be got: ${reason} If a GGUF file is on this disk: "intramuros pull PATH". Without a model the server starts by "intramuros serve".`,
        fr: `Le modèle de départ n’a pas pu être obtenu : ${reason} Si un fichier GGUF est sur ce disque : « intramuros pull CHEMIN ». Sans modèle, le serveur démarre par « intramuros serve ».`,
      },
      { cause: error },
    );
  }
  if (!(await hasChatModel(context))) throw noModel();
}

async function hasChatModel(context: Context): Promise<boolean> {
  await using open = await openLibrary(context);
  const { library } = open;
  return (await library.list()).some(canChat);
}

/** Resolves at Ctrl+C, SIGTERM, or when the launcher that started this process has gone without a word, also before now. */
async function stopped(...signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals);
  if (any.aborted) return;
  await once(any, 'abort');
}
