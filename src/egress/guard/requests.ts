import { isLoopback } from '../loopback.ts';
import type { Judge, Patch } from './types.ts';

const key = Symbol.for('undici.globalDispatcher.1');

interface Dispatcher {
  dispatch(options: { readonly origin?: unknown }, handler: unknown): boolean;
}

/** fetch, WebSocket and EventSource: the dispatcher that they share looks at the address before anything is opened. */
export function guardRequests(judge: Judge): Patch[] {
  const holder = globalThis as unknown as Record<symbol, Dispatcher | undefined>;
  const original = holder[key];
  if (original === undefined) return []; // nobody has asked for it yet: the guard of sockets is what stops it
  const guarded = new Proxy(original, {
    get(target, name) {
      if (name !== 'dispatch') {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return (options: { readonly origin?: unknown }, handler: { onError?(error: Error): void }) => {
        const url = new URL(String(options.origin));
        const port = Number(url.port || (url.protocol === 'https:' || url.protocol === 'wss:' ? 443 : 80));
        if (isLoopback(url.hostname) || judge.mayDial('fetch', url.hostname, port)) {
          return target.dispatch(options, handler);
        }
        throw judge.refusal('fetch', url.host);
      };
    },
  });
  holder[key] = guarded;
  return [
    {
      name: 'fetch',
      isInPlace: () => holder[key] === guarded,
      remove: () => {
        if (holder[key] === guarded) holder[key] = original;
      },
    },
  ];
}
