import { readFileSync } from 'node:fs';
import { readConsoleToken } from '../../base/index.ts';
import type { Context } from '../types.ts';
import { CommandError } from '../usage-error.ts';
import { ServerClient } from './client.ts';
import { readServerFile, removeServerFile, writeServerFile } from './server-file.ts';

const healthTimeoutMs = 3000;

/** The server that runs on this data directory, if one answers. */
export async function findServer(context: Context): Promise<ServerClient | undefined> {
  const record = readServerFile(context.home);
  if (record === undefined) return undefined;
  const client = new ServerClient(record.address, readKey(context));
  try {
    const health = await client.call<{ status?: string }>('GET', '/health', undefined, {
      signal: AbortSignal.timeout(healthTimeoutMs),
    });
    return health?.status === 'ok' ? client : undefined;
  } catch (error) {
    if (context.verbose) context.note(`${record.address}: ${(error as Error).message}`);
    return undefined;
  }
}

/** The running server. @throws {CommandError} when there is none. */
export async function getServer(context: Context): Promise<ServerClient> {
  const client = await findServer(context);
  if (client) return client;
  throw new CommandError('server_not_running', {
    en: 'No server is running on this data directory. Start one: intramuros serve.',
    fr: 'Aucun serveur ne fonctionne sur ce dossier de données. Lancez-en un : intramuros serve.',
  });
}

/** Works with the running server, or with one that lives in this process for as long as the work takes. */
export async function withServer<T>(context: Context, work: (client: ServerClient) => Promise<T>): Promise<T> {
  const running = await findServer(context);
  if (running) {
    if (context.verbose) {
      context.note(context.say({ en: `Server: ${running.address}`, fr: `Serveur : ${running.address}` }));
    }
    return work(running);
  }
  const resolved = context.resolved();
  const quiet = context.verbose ? resolved.settings.logLevel : 'error';
  const server = await context.house.startServer({
    home: context.home,
    resolved: { ...resolved, settings: { ...resolved.settings, host: '127.0.0.1', port: 0, logLevel: quiet } },
    signal: context.signal,
  });
  try {
    writeServerFile(context.home, { pid: process.pid, address: server.address, version: context.house.version });
    if (context.verbose) {
      context.note(
        context.say({
          en: `No server was running; one works in this process at ${server.address}.`,
          fr: `Aucun serveur ne fonctionnait ; un serveur travaille dans ce processus à ${server.address}.`,
        }),
      );
    }
    return await work(new ServerClient(server.address, readKey(context)));
  } finally {
    removeServerFile(context.home);
    await server.close();
  }
}

/**
 * What says who calls: a key of the environment, else the console token that only the server's own user can read, else the
 * key in the file that the settings name. Never from the command line, which other users of the machine can see.
 */
function readKey(context: Context): string | undefined {
  const fromEnvironment = context.environment.INTRAMUROS_API_KEY;
  if (fromEnvironment) return fromEnvironment;
  const console = readConsoleToken(context.home);
  if (console !== undefined) return console;
  const { apiKeyFile } = context.resolved().settings;
  if (apiKeyFile === undefined) return undefined;
  try {
    return readFileSync(apiKeyFile, 'utf8').split('\n')[0]?.trim();
  } catch (error) {
    throw new CommandError(
      'api_key_unreadable',
      {
        en: `The API key file ${apiKeyFile} cannot be read (${(error as NodeJS.ErrnoException).code}). Correct the setting apiKeyFile or the file's rights.`,
        fr: `Le fichier de clé ${apiKeyFile} n’est pas lisible (${(error as NodeJS.ErrnoException).code}). Corrigez le réglage apiKeyFile ou les droits du fichier.`,
      },
      { cause: error },
    );
  }
}
