import { IntramurosError } from '../../base/index.ts';
import type { UpstreamModel } from '../types.ts';
import type { HiddenCloud, Line } from './exchange.ts';
import { listModels } from './list-models.ts';

const keptMs = 60_000;

/**
 * An Ollama host may pass a model on to Ollama's cloud under any name. Before anything is sent, its own list must say that
 * the model is computed there, looked at again each minute. Covers what the host tells of itself; a host that lies is
 * another matter. Where nothing can be learned, nothing is sent.
 */
export class CloudGuard implements HiddenCloud {
  readonly #lists = new Map<string, { readonly atMs: number; readonly remote: ReadonlySet<string> }>();

  /** @throws {IntramurosError} `destination_denied` for a model that is computed elsewhere than was declared. */
  async refuse(line: Line, url: string, model: UpstreamModel, signal: AbortSignal): Promise<void> {
    if (line.upstream.kind !== 'ollama' || model.destination.id !== line.upstream.destination.id) return;
    const now = line.clock.monotonic();
    let list = this.#lists.get(url);
    if (list === undefined || now - list.atMs > keptMs) {
      const found = (await listModels(line, url, signal)) ?? [];
      const remote = found.filter(({ remoteHost }) => remoteHost !== undefined).map(({ name }) => name);
      list = { atMs: now, remote: new Set(remote) };
      this.#lists.set(url, list);
    }
    if (!list.remote.has(model.name) && !list.remote.has(`${model.name}:latest`)) return;
    throw new IntramurosError(
      'destination_denied',
      `${line.upstream.title} does not compute "${model.name}" itself: it passes it on to another service. Declare it as its own destination ("profiles") first.`,
      { facts: { reason: 'computed_elsewhere', upstream: line.upstream.id } },
    );
  }
}
