import { findServer } from './http/connect.ts';
import { type ModelView, toModelView } from './model-view.ts';
import type { Completion, Context } from './types.ts';

/** The models on this disk, with no server needed. */
export function openLibrary(context: Context): ReturnType<Context['house']['openLibrary']> {
  return context.house.openLibrary({ home: context.home, resolved: context.resolved() });
}

/** The installed models, with their state in memory when a server runs. */
export async function installedModels(context: Context): Promise<readonly ModelView[]> {
  const server = await findServer(context);
  if (server) {
    const { models } = await server.call<{ models: ModelView[] }>('GET', '/api/models', undefined, {
      signal: context.signal,
    });
    return models;
  }
  await using open = await openLibrary(context);
  return (await open.library.list()).map(toModelView);
}

/** Names to propose while a person types. */
export async function modelNames(context: Context, kind: Completion): Promise<readonly string[]> {
  await using open = await openLibrary(context);
  if (kind === 'catalogue') return open.library.catalogue().map(({ id }) => id);
  return (await open.library.list()).map(({ id }) => id);
}

/** A model's path in the native API; names may hold slashes and colons. */
export const modelPath = (id: string, action = ''): string => `/api/models/${encodeURIComponent(id)}${action}`;
