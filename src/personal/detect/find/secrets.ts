import { entropy } from '../checks.ts';
import type { Page } from '../page.ts';

/** What keys of well-known makers begin with. Case matters, so the text is read as it was given. */
const known = new RegExp(
  [
    String.raw`\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b`,
    String.raw`\bgh[pousr]_[A-Za-z0-9]{30,255}`,
    String.raw`\bgithub_pat_\w{22,255}`,
    String.raw`\bglpat-[\w-]{20,64}`,
    String.raw`\bxox[abeprs]-[\w-]{10,255}`,
    String.raw`\bsk-(?:ant-|proj-|or-)?[\w-]{20,255}`,
    String.raw`\b[rsp]k_(?:live|test)_\w{16,255}`,
    String.raw`\bwhsec_\w{24,128}`,
    String.raw`\bAIza[\w-]{35}`,
    String.raw`\bya29\.[\w-]{20,512}`,
    String.raw`\b(?:npm|hf|dop_v1|gsk|pat|shpat|lin_api|sq0atp|rk|im|intramuros)_[A-Za-z0-9]{24,128}`,
    String.raw`\bpypi-AgE[\w-]{50,512}`,
    String.raw`\bSG\.[\w-]{16,32}\.[\w-]{32,64}`,
    String.raw`\beyJ[\w-]{8,500}\.eyJ[\w-]{8,8192}(?:\.[\w-]{0,2048})?`,
    String.raw`\bAGE-SECRET-KEY-1[0-9A-Z]{58}`,
    String.raw`\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{1,128}:[^\s@/]{1,256}@[^\s"'<>]{1,512}`,
    String.raw`\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[A-Za-z0-9+/=%&-]{20,512}`,
  ].join('|'),
  'g',
);

/** A name of a secret, a sign, and a value. */
const assigned =
  /(?:passw(?:or)?d|passphrase|pwd|mdp|mots? de passe|secret(?:[_-]?key)?|token|jeton|api[_ -]?key|cl[eé] (?:d['’])?api|cl[eé] secr[eè]te|access[_-]?key|private[_-]?key|client[_-]?secret|bearer|code (?:pin|secret))["'`]?(?: [\p{L}_'’-]{1,24}){0,6}(?: ?[:=]{1,2}>? ?| (?:est|is|vaut|contient|sera|devient) ?:? ?| )["'`«]? ?([^\s"'`»<>,;]{4,256})/giu;

const blobs = /[A-Za-z0-9+/_-]{32,512}={0,2}/g;

/** Keys, tokens, private keys and passwords. */
export function findSecrets(page: Page): void {
  const { text } = page.folded;
  findPrivateKeys(page, text);
  for (const match of text.matchAll(known)) add(page, match.index, match.index + match[0].length, 0.99, true);
  for (const match of text.matchAll(assigned)) {
    const value = match[1]!.replace(/[.)\]}!?]+$/, '');
    const start = match.index + match[0].length - match[1]!.length;
    const sign = /[:=]|bearer/i.test(match[0].slice(0, match[0].length - match[1]!.length));
    const isQuoted = /["'`«] ?$/.test(match[0].slice(0, match[0].length - match[1]!.length));
    if (!isQuoted && programText.test(match[1]!)) continue;
    if (isSecretValue(value, sign)) add(page, start, start + value.length, 0.9, false);
  }
  for (const match of text.matchAll(blobs))
    if (isRandom(match[0])) add(page, match.index, match.index + match[0].length, 0.7, false);
}

/** `token: options.token`, `password = row.password)`, `secret: z.string(`: what a program calls it, not what it is. */
const programText = /^[#\w$.?[\]]*[()]|^[a-z#_$][\w$#]*(?:\??\.(?=\d*[a-z_$#])[#\w$]+)+$|^\/|^[a-z][a-z0-9]*_[a-z]+$/i;

/** A word of prose is no password; digits, signs or changing case make one. */
function isSecretValue(value: string, sign: boolean): boolean {
  if (value.length < 4 || /^[*•xX.…_-]+$/.test(value) || /^[[{$%]/.test(value)) return false;
  const kinds = [/[a-zà-ÿ]/, /[A-ZÀ-Þ]/, /\d/, /[^\p{L}\d'’]/u].filter((kind) => kind.test(value)).length;
  if (sign) return (kinds >= 2 && value.length >= 6 && !/^[A-ZÀ-Þ]?[a-zà-ÿ]+$/.test(value)) || /^\d{4,}$/.test(value);
  return kinds >= 3 && value.length >= 7 && /\d/.test(value);
}

/** Text of mixed letters and digits without any order: base64 of random bytes has some five bits a sign. Hashes are hexadecimal. */
function isRandom(blob: string): boolean {
  // Checksums of packages are public; a long name in a program has a digit or two.
  if (/^sha\d{3}-/.test(blob) || (blob.match(/\d/g)?.length ?? 0) < 3) return false;
  if (!/[a-z]/.test(blob) || !/[A-Z]/.test(blob) || /^[0-9a-fA-F-]+$/.test(blob)) return false;
  if ((blob.match(/[/_-]/g)?.length ?? 0) > blob.length / 8) return false;
  return entropy(blob) >= 4.3;
}

function findPrivateKeys(page: Page, text: string): void {
  const mark = '-----BEGIN ';
  for (let start = text.indexOf(mark); start >= 0; ) {
    const head = text.slice(start, start + 80);
    const isPrivate = /^-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/.test(head);
    const tail = isPrivate ? text.indexOf('-----END ', start + 11) : -1;
    const end = tail < 0 ? Math.min(text.length, start + 16_384) : Math.min(text.length, lineEnd(text, tail));
    if (isPrivate) add(page, start, end, 1, true);
    start = text.indexOf(mark, isPrivate ? end : start + 11);
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('-----', from + 9);
  return end < 0 || end - from > 80 ? from + 9 : end + 5;
}

function add(page: Page, start: number, end: number, score: number, checked: boolean): void {
  page.add({ kind: 'SECRET', start: page.plainAt(start), end: page.plainAt(end), score, checked });
}
