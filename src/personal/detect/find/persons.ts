import { UPPER } from '../fold.ts';
import { FIRST, role, TITLE } from '../lexicon.ts';
import { ALL_CAPITALS, CAPITAL, GLUED, INNER, NUMBER, type Page } from '../page.ts';

const stopped = role.NEVER | role.STREET | role.BODY | role.MONTH | role.LEGAL;
const articles = new Set(
  'le la les un une des du cette ce ces au aux l leur notre votre son sa ses mon ma mes'.split(' '),
);

/** Persons by title, first name, surname and the words around them. One pass from left to right. */
export function findPersons(page: Page): void {
  for (let token = 0; token < page.count; ) {
    if ((token & 4095) === 0) page.onTime();
    token = Math.max(token + 1, personAt(page, token));
  }
}

/** A name that stood whole once is known wherever it stands alone: « Thibaut Charbonneau … Charbonneau ». */
export function findNamesAgain(page: Page): void {
  const known = new Set<string>();
  const taken = new Set<number>();
  for (const { kind, start, end, score } of page.candidates) {
    if (kind !== 'PERSON') continue;
    for (let t = page.tokenAt(start); t < page.count && page.ends[t]! <= end; t += 1) {
      taken.add(t);
      const isName = page.is(t, CAPITAL) && (page.roles(t) & (role.WORD | stopped | role.PARTICLE)) === 0;
      if (score >= 0.7 && isName && page.ends[t]! - page.starts[t]! > 2) known.add(page.word(t));
    }
  }
  if (known.size === 0) return;
  for (let t = 0; t < page.count; t += 1) {
    if ((t & 4095) === 0) page.onTime();
    if (!page.is(t, CAPITAL) || taken.has(t) || page.is(t + 1, GLUED) || !known.has(page.word(t))) continue;
    const isHonoured = (page.roles(t - 1) & (role.HONOUR | role.STREET | role.BODY)) !== 0;
    if (!isHonoured && !isOfCode(page, t)) add(page, t, t, 0.68, genderOf(page.roles(t)));
  }
}

/** Adds the person that begins at a token; returns the token to go on at, or 0. */
function personAt(page: Page, token: number): number {
  if (page.is(token, NUMBER | GLUED) || page.is(token + 1, GLUED) || isOfCode(page, token)) return 0;
  const roles = page.roles(token);
  if ((roles & TITLE) !== 0) {
    const next = titled(page, token, roles);
    if (next > 0) return next;
  }
  if ((roles & role.NAMING) !== 0) {
    const next = named(page, token);
    if (next > 0) return next;
  }
  // What a street, a school or a prize is called is no person.
  if ((roles & (role.HONOUR | role.STREET)) !== 0) return afterHonour(page, token);
  if (!page.is(token, CAPITAL)) return (roles & FIRST) !== 0 ? smallLetters(page, token, roles) : 0;
  if ((roles & stopped) !== 0) return 0;
  return initialed(page, token) || byFirstName(page, token, roles) || bySurname(page, token, roles);
}

/** « WU » in « SH-036-WU », « Pierre » in « Oullins-Pierre-Bénite ». */
const isOfCode = (page: Page, token: number): boolean =>
  (page.gap(token - 1) === '-' &&
    page.is(token - 1, CAPITAL) &&
    (page.roles(token - 1) & role.COMMUNE) !== 0 &&
    (page.roles(token - 1) & FIRST) === 0) ||
  (page.is(token - 1, NUMBER) && page.gap(token - 1) === '-') ||
  (page.is(token + 1, NUMBER) && page.gap(token) === '-');

interface Name {
  /** Last token. */
  readonly last: number;
  readonly parts: number;
  /** Roles of all its parts together. */
  readonly roles: number;
  readonly first: number;
}

/** Reads a name from a token on: first names, initials, particles, surnames. */
function readName(page: Page, from: number, { most = 4, titled = false } = {}): Name | undefined {
  let last = -1;
  let parts = 0;
  let roles = 0;
  let first = 0;
  for (let t = from; t < page.count && parts < most; ) {
    if (t > from && !isJoin(page, t - 1)) break;
    if (page.is(t, NUMBER) || page.is(t + 1, GLUED)) break;
    const found = page.roles(t);
    const length = page.ends[t]! - page.starts[t]!;
    // « M. Maire » is called so; « M. le Maire » is not reached.
    const isLed = t > from && page.is(t - 1, CAPITAL) && (page.roles(t - 1) & role.PARTICLE) !== 0 && last < t - 1;
    const mayStand =
      (found & role.SURNAME) !== 0 && (isLed || (titled && parts === 0) || (last >= 0 && page.gap(t - 1) === '-'));
    const isStopped = (found & stopped) !== 0 && !mayStand;
    if (page.is(t, CAPITAL) && !isStopped && (length > 1 || isInitial(page, t) || page.gap(t) === "'")) {
      // A capital that only begins the next line or sentence is not reached: the gap ended above.
      if (
        parts > 0 &&
        page.gap(t - 1) !== '-' &&
        (found & role.WORD) !== 0 &&
        (found & (FIRST | role.SURNAME)) === 0 &&
        !isUpperName(page, t, last)
      )
        break;
      // Nor does an abbreviation or a product belong to a name that no list has.
      const isStrange = isProduct(page, t) || (page.is(t, ALL_CAPITALS) && page.ends[t]! - page.starts[t]! < 6);
      if (parts > 0 && isStrange && found === 0 && (roles & (FIRST | role.SURNAME)) === 0) break;
      if (parts === 0) first = found;
      roles |= found;
      last = t;
      if (page.gap(t) !== '-' && page.gap(t) !== "'") parts += 1;
      t += 1;
    } else if (last === t - 1 && page.gap(last) === "'" && page.ends[last]! - page.starts[last]! > 2 && length > 2) {
      last = t; // Preud’homme
      parts += 1;
      t += 1;
    } else if ((found & role.PARTICLE) !== 0 && particleLeads(page, t)) t += 1;
    else break;
  }
  return last < 0 ? undefined : { last, parts: Math.max(1, parts), roles, first };
}

/** In « DUPONT MARIE » all words are large: the lists alone tell where the name ends. */
const isUpperName = (page: Page, t: number, last: number): boolean =>
  page.is(t, ALL_CAPITALS) && !page.is(last, ALL_CAPITALS);

const isInitial = (page: Page, t: number): boolean =>
  page.ends[t]! - page.starts[t]! === 1 &&
  page.is(t, CAPITAL) &&
  (page.plain[page.ends[t]!] === '.' || page.plain[page.ends[t]!] === ' ');

/** Whether two words may belong to one name: a space, a hyphen, an apostrophe, the stop of an initial. */
function isJoin(page: Page, token: number): boolean {
  const gap = page.gap(token);
  if (gap === ' ' || gap === '-' || gap === "'") return true;
  const isShort = page.ends[token]! - page.starts[token]! === 1;
  return isShort && (gap === '. ' || gap === '.-' || gap === '.');
}

/** « de », « du », « ben », « van der » with a capital behind. */
function particleLeads(page: Page, token: number): boolean {
  for (let t = token; t < token + 3 && t + 1 < page.count; t += 1) {
    const gap = page.gap(t);
    if (gap !== ' ' && gap !== "'" && gap !== '-') return false;
    // « Bruno Le Maire », and not « de la Mairie ».
    const mayStand = page.is(t, CAPITAL) && (page.roles(t + 1) & role.SURNAME) !== 0;
    if (page.is(t + 1, CAPITAL)) return mayStand || (page.roles(t + 1) & stopped) === 0;
    if ((page.roles(t + 1) & role.PARTICLE) === 0) return false;
  }
  return false;
}

function genderOf(roles: number): 'f' | 'm' | undefined {
  const [f, m] = [(roles & (role.FIRST_F | role.TITLE_F)) !== 0, (roles & (role.FIRST_M | role.TITLE_M)) !== 0];
  return f === m ? undefined : f ? 'f' : 'm';
}

function add(page: Page, from: number, last: number, score: number, gender?: 'f' | 'm', plural = false): number {
  page.add({ kind: 'PERSON', start: page.starts[from]!, end: page.ends[last]!, score, checked: false, gender, plural });
  return last + 1;
}

/** « M. Dupont », « Mme Marie de La Tour », « M. et Mme Petit », « madame dupont ». */
function titled(page: Page, token: number, roles: number): number {
  const word = page.word(token);
  if (word.length <= 2 && !page.is(token, CAPITAL)) return 0;
  if (word === 'm' && page.gap(token)[0] !== '.')
    return word === 'm' && page.gap(token) === ' ' && (page.roles(token + 1) & (FIRST | role.SURNAME)) !== 0
      ? named(page, token)
      : 0;
  let from = token + 1;
  let plural = (roles & role.TITLE_PLURAL) !== 0;
  let titles = roles;
  // « M. et Mme », « Madame et Monsieur », « Monsieur le docteur ».
  if (page.word(from) === 'et' && (page.roles(from + 1) & TITLE) !== 0) {
    titles |= page.roles(from + 1);
    plural = true;
    from += 2;
  } else if ((page.roles(from) & TITLE) !== 0 && page.gap(token).trim() === '' && page.is(from, CAPITAL)) {
    titles |= page.roles(from);
    from += 1;
  }
  const gap = page.gap(from - 1);
  if (!(gap === ' ' || gap === '. ' || gap === '.' || gap === '  ' || gap === ' : ')) return 0;
  const name = readName(page, from, { titled: true });
  if (!name) {
    const found = page.roles(from);
    // « monsieur benhamou karim »
    const isSpaced = page.gap(from) === ' ' && !page.is(from, NUMBER);
    if (found === 0 && isSpaced && (page.roles(from + 1) & FIRST) !== 0 && page.contexts(from) === 0)
      return add(page, from, from + 1, 0.7, genderOf(titles));
    if ((found & (FIRST | role.SURNAME)) === 0 || (found & (role.WORD | stopped)) !== 0) return 0;
    const next = page.roles(from + 1);
    const more = page.gap(from) === ' ' && (next & role.SURNAME) !== 0 && (next & role.WORD) === 0;
    return add(page, from, more ? from + 1 : from, 0.8, genderOf(titles));
  }
  return add(page, from, name.last, 0.96, plural ? undefined : (genderOf(titles) ?? genderOf(name.first)), plural);
}

/** « s’appelle Kowalczyk », « Nom : TRAORÉ », « ma collègue Aïcha ». */
function named(page: Page, token: number): number {
  let gap = page.gap(token);
  let from = token + 1;
  if (/^\(?$/.test(gap.trim()) && page.word(from) === 'e' && gap === '(') {
    gap = page.gap(from).replace(')', '');
    from += 1;
  }
  if (!/^ ?[:,]? ?["«(]? ?$/.test(gap) || gap === '') return 0;
  // A title says it better, and « ministre de l’Économie » is none.
  if ((page.roles(from) & TITLE) !== 0) return 0;
  if (!page.is(from, CAPITAL) && articlesAndOf.has(page.word(from)) && !gap.includes(':')) return 0;
  const name = readName(page, from);
  if (!name) return 0;
  const isWordAlone = name.parts === 1 && (name.roles & role.WORD) !== 0 && (name.roles & (FIRST | role.SURNAME)) === 0;
  const isAbbreviation = page.is(from, ALL_CAPITALS) && name.roles === 0 && page.ends[from]! - page.starts[from]! < 6;
  const isWeak = name.parts === 1 && (name.roles & (FIRST | role.SURNAME)) === 0 && weaklyNaming.has(page.word(token));
  if (isWordAlone || isWeak || isAbbreviation || isProduct(page, from) || isListed(page, from)) return 0;
  const plural = page.word(token) === 'epoux' || page.word(token) === 'famille' || page.word(token) === 'consorts';
  return add(page, from, name.last, 0.86, plural ? undefined : genderOf(name.first), plural);
}

/** Words that stand before names, and in programs and tables before much else. */
const weaklyNaming = new Set(
  'by named called name names hello dear hi attn to participant participants contact agent client clients manager consultant chef auteur usager candidat titulaire responsable message'.split(
    ' ',
  ),
);
const articlesAndOf = new Set('de du des d l le la les'.split(' '));

/** Whether a known organisation begins here. */
function isListed(page: Page, token: number): boolean {
  return (page.roles(token) & role.ORGANISATION) !== 0 && (page.lexicon.organisations.get(page.word(token)) ?? 0) > 0;
}

/** Goes past « Victor Hugo » in « rue Victor Hugo ». */
function afterHonour(page: Page, token: number): number {
  let t = token + 1;
  while (
    t < page.count &&
    t < token + 4 &&
    (page.roles(t) & role.PARTICLE) !== 0 &&
    !page.is(t, CAPITAL) &&
    isJoin(page, t - 1)
  )
    t += 1;
  if (!isJoin(page, t - 1) || !page.is(t, CAPITAL) || (page.roles(t) & TITLE) !== 0) return 0;
  const name = readName(page, t);
  return name ? name.last + 1 : 0;
}

/** « J. Dupont », « J.-P. Martin ». */
function initialed(page: Page, token: number): number {
  if (page.ends[token]! - page.starts[token]! !== 1 || page.plain[page.ends[token]!] !== '.') return 0;
  const name = readName(page, token);
  if (!name || name.last === token || page.ends[name.last]! - page.starts[name.last]! < 2) return 0;
  if ((name.roles & (role.SURNAME | FIRST)) === 0 || (page.roles(name.last) & role.NEVER) !== 0) return 0;
  if ((page.roles(name.last) & role.WORD) !== 0 && startsSentence(page, token)) return 0;
  return add(page, token, name.last, 0.84);
}

function startsSentence(page: Page, token: number): boolean {
  if (token === 0) return true;
  const gap = page.gap(token - 1);
  return /[.!?:\n"«•*]|^ ?- /.test(gap);
}

/** « Marie Dupont », « Jean-Pierre », and a first name alone where it is no common word. */
function byFirstName(page: Page, token: number, roles: number): number {
  if ((roles & FIRST) === 0 || isListed(page, token)) return 0;
  const name = readName(page, token);
  if (!name) return 0;
  const gender = compoundGender(page, token);
  const isWord = (roles & role.WORD) !== 0;
  if (name.parts > 1) {
    const second = lastOfCompound(page, token) + 1;
    const known = (page.roles(second) & (role.SURNAME | FIRST | role.PARTICLE)) !== 0;
    const doubtful = isWord && !known && startsSentence(page, token);
    return add(page, token, name.last, doubtful ? 0.55 : known ? 0.92 : 0.85, gender);
  }
  if (name.last > token) return add(page, token, name.last, 0.85, gender);
  if (!isWord) {
    beside(page, token);
    return add(page, token, token, (roles & role.COMMUNE) !== 0 ? 0.6 : 0.72, gender);
  }
  const before = token > 0 && page.gap(token - 1) === ' ' ? page.word(token - 1) : '';
  const isMiddle = !startsSentence(page, token) && !articles.has(before) && !page.is(token - 1, CAPITAL);
  return isMiddle && !isAllCapitalsAround(page, token) ? add(page, token, token, 0.55, gender) : 0;
}

const isAllCapitalsAround = (page: Page, token: number): boolean =>
  page.is(token, ALL_CAPITALS) && (page.is(token - 1, ALL_CAPITALS) || page.is(token + 1, ALL_CAPITALS));

/** The last token of « Jean-Pierre ». */
function lastOfCompound(page: Page, token: number): number {
  let t = token;
  while (page.gap(t) === '-' && page.is(t + 1, CAPITAL) && t < token + 4) t += 1;
  return t;
}

/** « Jean-Marie » is a man, « Marie-Jean » is not: the first decides. */
const compoundGender = (page: Page, token: number): 'f' | 'm' | undefined => genderOf(page.roles(token));

/** Of « Elias et Kéziah », the one that no list has. */
function beside(page: Page, token: number): void {
  for (const [and, other] of [
    [token + 1, token + 2],
    [token - 1, token - 2],
  ] as const) {
    if (page.word(and) !== 'et' || page.gap(Math.min(and, other)) !== ' ' || !isUnknown(page, other)) continue;
    if (page.gap(Math.min(token, and)) === ' ' && page.gap(other) !== '-') add(page, other, other, 0.6);
  }
}

const namePrefixes = new Set('mc mac le la de du di da van von'.split(' '));

/** `OpenID`, `LiteLLM`: no name, unless its second capital stands where that of `McCarthy` and `LeGoff` does. */
function isProduct(page: Page, token: number): boolean {
  if (!page.is(token, INNER) || page.roles(token) !== 0) return false;
  const start = page.starts[token]!;
  let second = start + 1;
  while (second < page.ends[token]! && (page.bits[second]! & UPPER) === 0) second += 1;
  return !namePrefixes.has(page.plain.slice(start, second)) || (page.bits[page.ends[token]! - 1]! & UPPER) !== 0;
}

/** A word with a capital that no list has, and no abbreviation. */
function isUnknown(page: Page, token: number): boolean {
  if (!page.is(token, CAPITAL) || page.is(token, GLUED | NUMBER) || page.is(token + 1, GLUED)) return false;
  const length = page.ends[token]! - page.starts[token]!;
  if (isProduct(page, token) || (page.is(token, ALL_CAPITALS) && length < 6)) return false;
  return page.roles(token) === 0 && page.contexts(token) === 0 && length > 2;
}

/** « DUPONT Jean », « Dupont Jean », « Dupont » alone where it is no common word, and unknown names by their form. */
function bySurname(page: Page, token: number, roles: number): number {
  if (isListed(page, token)) return 0;
  const last = lastOfCompound(page, token);
  const next = last + 1;
  const isSurname = (roles & role.SURNAME) !== 0;
  const isWord = (roles & role.WORD) !== 0;
  const starts = startsSentence(page, token);
  if (page.gap(last) === ' ' && page.is(next, CAPITAL) && !page.is(next, GLUED)) {
    const nextRoles = page.roles(next);
    const isUpper = page.is(token, ALL_CAPITALS) && page.ends[token]! - page.starts[token]! > 2;
    const isFirst = (nextRoles & FIRST) !== 0;
    const changes = isUpper && !page.is(next, ALL_CAPITALS);
    // DUPONT Jean, DUPONT Malvyn, POUOURTET Fiacre
    const formed =
      changes &&
      (isFirst || isUnknown(page, next)) &&
      (isSurname || !isWord) &&
      page.ends[token]! - page.starts[token]! > 3;
    if ((isFirst && isSurname && (isUpper || !isWord || !starts)) || formed || (changes && isFirst && !isWord))
      return add(page, withParticle(page, token), lastOfCompound(page, next), 0.84, genderOf(nextRoles));
    // Anthelme Arnoux, Jolan Grioncle
    if (!starts && isUnknown(page, token)) {
      const isShouted = isUpper && page.is(next, ALL_CAPITALS);
      if (!isShouted && (nextRoles & role.SURNAME) !== 0 && (nextRoles & role.NEVER) === 0)
        return add(page, token, lastOfCompound(page, next), 0.7);
      if (isUnknown(page, next) && !isUpper && isLedUpTo(page, token))
        return add(page, token, lastOfCompound(page, next), 0.5);
    }
  }
  if (!isSurname) return byDeed(page, token, roles);
  return isWord ? 0 : add(page, token, last, (roles & role.COMMUNE) !== 0 ? 0.58 : 0.66);
}

/** Words before two unknown names that make persons of them, as far as French goes; and a list that began with a person. */
const leading = new Set('de d a par avec pour et chez contre selon entre que sauf sans envers devant ou'.split(' '));

function isLedUpTo(page: Page, token: number): boolean {
  if (page.gap(token - 1) === ' ')
    return leading.has(page.word(token - 1)) || (page.roles(token - 1) & role.DOING) !== 0;
  const before = page.candidates.at(-1);
  return page.gap(token - 1) === ', ' && before?.kind === 'PERSON' && before.end === page.ends[token - 1];
}

/** Begins « DE LOMBARDI Taïna » at its particle. */
const withParticle = (page: Page, token: number): number =>
  page.is(token - 1, ALL_CAPITALS) && (page.roles(token - 1) & role.PARTICLE) !== 0 && page.gap(token - 1) === ' '
    ? token - 1
    : token;

/** Two unknown names before « habite », « a signé ». */
function byDeed(page: Page, token: number, roles: number): number {
  if ((roles & (role.WORD | role.COMMUNE | role.ORGANISATION)) !== 0 || page.is(token, ALL_CAPITALS)) return 0;
  const name = readName(page, token, { most: 3 });
  if (name?.parts !== 2 || (name.roles & (role.WORD | role.COMMUNE)) !== 0) return 0;
  return page.gap(name.last).trim().length <= 1 && (page.roles(name.last + 1) & role.DOING) !== 0
    ? add(page, token, name.last, 0.6)
    : 0;
}

/** « marie dupont », « jean-claude le guen »: the first on the lists, the surname too, or whoever says « je suis ». */
function smallLetters(page: Page, token: number, roles: number): number {
  let last = token;
  if (page.gap(token) === '-' && (page.roles(token + 1) & FIRST) !== 0) last += 1;
  const isCompound = last > token;
  if (page.gap(last) !== ' ' || page.is(last + 1, NUMBER)) return 0;
  let surname = last + 1;
  while (surname < last + 3 && (page.roles(surname) & role.PARTICLE) !== 0 && page.gap(surname) === ' ') surname += 1;
  const next = page.roles(surname);
  const isSure = isCompound || (roles & role.WORD) === 0;
  const said = /^(?:suis|appelle|nomme|nom)$/.test(page.word(token - 1)) && token > 0;
  const isKnown = (next & role.SURNAME) !== 0 && (next & stopped) === 0;
  if (
    !(isKnown && ((next & role.WORD) === 0 || (isSure && said))) &&
    !(isSure && said && next === 0 && page.contexts(surname) === 0)
  )
    return 0;
  if (page.is(surname, NUMBER | GLUED) || (surname > last + 1 && !isKnown)) return 0;
  return add(page, token, lastOfSmallCompound(page, surname), 0.62, genderOf(roles));
}

const lastOfSmallCompound = (page: Page, token: number): number =>
  page.gap(token) === '-' && page.roles(token + 1) & role.SURNAME ? token + 1 : token;
