import { Observable } from '../store/emitter.ts';

/** Where the page is. Kept in the fragment, so that ids of conversations never reach a server log. */
export type Route =
  | { readonly page: 'new' }
  | { readonly page: 'conversation'; readonly id: string }
  | { readonly page: 'models' }
  | { readonly page: 'account' }
  | { readonly page: 'held' }
  | { readonly page: 'accounts' }
  | { readonly page: 'admin'; readonly section: AdminSection; readonly id?: string };

/** The parts of administration, in the order of its menu. */
export const adminSections = [
  'people',
  'groups',
  'roles',
  'keys',
  'quotas',
  'upstreams',
  'policy',
  'decisions',
  'audit',
  'egress',
  'usage',
  'article-30',
  'anssi',
] as const;
export type AdminSection = (typeof adminSections)[number];

export function parseRoute(hash: string): Route {
  const [, first, second, third] = hash.replace(/^#/, '').split('/');
  if (first === 'c' && second) return { page: 'conversation', id: decodeURIComponent(second) };
  if (first === 'models' || first === 'account' || first === 'accounts' || first === 'held') return { page: first };
  if (first === 'admin') {
    const section = adminSections.find((name) => name === second) ?? 'people';
    return { page: 'admin', section, ...(third ? { id: decodeURIComponent(third) } : {}) };
  }
  return { page: 'new' };
}
export function hashOf(route: Route): string {
  if (route.page === 'conversation') return `#/c/${encodeURIComponent(route.id)}`;
  if (route.page === 'admin')
    return `#/admin/${route.section}${route.id === undefined ? '' : `/${encodeURIComponent(route.id)}`}`;
  return route.page === 'new' ? '#/' : `#/${route.page}`;
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
