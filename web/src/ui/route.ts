import { Observable } from '../store/emitter.ts';

/** Where the page is. Kept in the fragment, so that ids of conversations never reach a server log. */
export type Route =
  | { readonly page: 'new' }
  | { readonly page: 'conversation'; readonly id: string }
  | { readonly page: 'models' };

export function parseRoute(hash: string): Route {
  const [, first, second] = hash.replace(/^#/, '').split('/');
  if (first === 'c' && second) return { page: 'conversation', id: decodeURIComponent(second) };
  if (first === 'models') return { page: 'models' };
  return { page: 'new' };
}
export function hashOf(route: Route): string {
  if (route.page === 'conversation') return `#/c/${encodeURIComponent(route.id)}`;
  return route.page === 'models' ? '#/models' : '#/';
}

export const route = new Observable<Route>(parseRoute(typeof location === 'undefined' ? '' : location.hash));
if (typeof window !== 'undefined') window.addEventListener('hashchange', () => route.set(parseRoute(location.hash)));

/** Goes to a place of the page; `replace` leaves no step behind to come back to. */
export function go(to: Route, options: { readonly replace?: boolean } = {}): void {
  if (options.replace) history.replaceState(null, '', hashOf(to));
  else history.pushState(null, '', hashOf(to));
  route.set(to);
}
if (typeof window !== 'undefined') window.addEventListener('popstate', () => route.set(parseRoute(location.hash)));
