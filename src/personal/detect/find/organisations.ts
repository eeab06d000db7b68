import { role } from '../lexicon.ts';
import { ALL_CAPITALS, CAPITAL, GLUED, NUMBER, type Page } from '../page.ts';
import { longest } from './places.ts';

const joins = new Set('de du des la le les l d et en pour sur'.split(' '));

/** Organisations: of the list, behind « société », « clinique », « lycée », and around SARL, SAS, SA. */
export function findOrganisations(page: Page): void {
  for (let token = 0; token < page.count; token += 1) {
    if ((token & 4095) === 0) page.onTime();
    const roles = page.roles(token);
    if ((roles & role.ORGANISATION) !== 0) {
      const found = longest(page, token, role.ORGANISATION, page.lexicon.organisations);
      if (found && page.plain[page.ends[found.last]!] !== '_') {
        page.add({
          kind: 'ORGANISATION',
          start: page.starts[token]!,
          end: page.ends[found.last]!,
          score: 0.82,
          checked: false,
        });
        token = found.last;
        continue;
      }
    }
    if ((roles & role.LEGAL) !== 0 && page.is(token, ALL_CAPITALS)) legal(page, token);
    else if ((roles & role.BODY) !== 0) {
      const last = nameBehind(page, token);
      if (last > token)
        page.add({
          kind: 'ORGANISATION',
          start: page.starts[token]!,
          end: page.ends[last]!,
          score: 0.85,
          checked: false,
        });
    }
  }
}

/** The last token of the name behind « société », with small words inside it; the token itself where none follows. */
function nameBehind(page: Page, token: number): number {
  let last = token;
  for (let t = token + 1; t < page.count && t <= token + 7; t += 1) {
    const gap = page.gap(t - 1);
    if (!(gap === ' ' || gap === '-' || gap === "'" || gap === ' & ' || gap === '' || gap === ' "' || gap === ' « '))
      break;
    if (page.is(t, CAPITAL) && (page.roles(t) & role.NEVER) === 0) last = t;
    else if (page.is(t, NUMBER) && page.is(t, GLUED) && last === t - 1) last = t;
    else if (!joins.has(page.word(t)) || page.is(t, NUMBER)) break;
    else if (last > token && page.word(t) === 'et') break;
  }
  return last;
}

/** « SARL Martin Frères », else « Martin Frères SARL ». */
function legal(page: Page, token: number): void {
  const behind = nameBehind(page, token);
  if (behind > token) {
    page.add({ kind: 'ORGANISATION', start: page.starts[token]!, end: page.ends[behind]!, score: 0.9, checked: false });
    return;
  }
  let first = token;
  while (
    first > 0 &&
    token - first < 4 &&
    page.is(first - 1, CAPITAL) &&
    !page.is(first, GLUED) &&
    /^(?: |-| & )$/.test(page.gap(first - 1))
  )
    first -= 1;
  if (first < token)
    page.add({ kind: 'ORGANISATION', start: page.starts[first]!, end: page.ends[token]!, score: 0.85, checked: false });
}
