import { context as c } from '../context.ts';
import { role } from '../lexicon.ts';
import { CAPITAL, GLUED, type Page } from '../page.ts';

/** The longest commune whose name begins at a token, and whether it is a larger one. */
export function communeAt(
  page: Page,
  token: number,
  small = false,
): { readonly last: number; readonly large: boolean } | undefined {
  return longest(page, token, role.COMMUNE, page.lexicon.communes, small);
}

/** The longest name of a list that begins at a token; every word of more than four letters has its capital, unless `small`. */
export function longest(
  page: Page,
  token: number,
  begins: number,
  names: ReadonlyMap<string, number>,
  small = false,
): { readonly last: number; readonly large: boolean } | undefined {
  if ((page.roles(token) & begins) === 0 || (!small && !page.is(token, CAPITAL)) || page.is(token, GLUED))
    return undefined;
  let name = page.word(token);
  let found: { last: number; large: boolean } | undefined;
  for (let t = token; ; ) {
    const size = names.get(name);
    if (size === undefined) break;
    if (size > 0) found = { last: t, large: size === 2 };
    const gap = page.gap(t);
    t += 1;
    if (t >= page.count || t > token + 8 || !(gap === ' ' || gap === '-' || gap === "'")) break;
    if (!small && !page.is(t, CAPITAL) && page.ends[t]! - page.starts[t]! > 4) break;
    name += ` ${page.word(t)}`;
  }
  return found;
}

/** Communes: where the words around say that it is a place, or a name of several words. */
export function findPlaces(page: Page): void {
  for (let token = 0; token < page.count; token += 1) {
    const found = communeAt(page, token);
    if (!found) continue;
    const { last, large } = found;
    const near = (page.contexts(token - 1) & c.PLACE) !== 0 && page.gap(token - 1) === ' ';
    const isWord = (page.roles(token) & (role.WORD | role.NEVER)) !== 0;
    const several = last > token;
    const score = near && large ? 0.75 : near && !isWord ? 0.66 : several && !isWord ? 0.6 : large && !isWord ? 0.5 : 0;
    if (score > 0)
      page.add({ kind: 'PLACE', start: page.starts[token]!, end: page.ends[last]!, score, checked: false });
    token = last;
  }
}
