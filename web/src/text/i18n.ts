import { setupI18n } from '@lingui/core';
import type en from '../i18n/en.json';
import type houseEn from '../i18n/house-en.json';
import type proofEn from '../i18n/proof-en.json';

/** A text of the page. The type is the list: a key that no catalogue has does not compile. */
export type TextKey = keyof typeof en | keyof typeof houseEn | keyof typeof proofEn;
export type Values = Readonly<Record<string, string | number>>;
export type Say = (key: TextKey, values?: Values) => string;
export type Locale = 'fr' | 'en';

export const i18n = setupI18n();

/** The page's language: the person's choice, else the server's setting, else the browser's first, where French is the default. */
export function chooseLocale(choice: string, server: string, browser: readonly string[]): Locale {
  for (const wish of [choice, server, ...browser]) {
    const language = wish.toLowerCase().split('-')[0];
    if (language === 'fr' || language === 'en') return language;
  }
  return 'fr';
}

/** Words that a person who only asks never loads: accounts and administration, and proofs. */
type Part = 'house' | 'proof';
const wanted = new Set<Part>();

/** Loads the compiled catalogue of a language and switches the page to it. */
export async function activate(locale: Locale): Promise<void> {
  const { messages } = await (locale === 'fr' ? import('virtual:catalogue/fr') : import('virtual:catalogue/en'));
  i18n.load(locale, messages);
  await Promise.all([...wanted].map((part) => load(part, locale)));
  i18n.activate(locale);
  document.documentElement.lang = locale;
}

/** Adds the words of accounts and administration. */
export const withHouseWords = <T>(page: Promise<T>): Promise<T> => withWords('house', page);
/** Adds the words of receipts, of what is held about a person, and of the record. */
export const withProofWords = <T>(page: Promise<T>): Promise<T> => withWords('proof', page);

async function withWords<T>(part: Part, page: Promise<T>): Promise<T> {
  wanted.add(part);
  const [loaded] = await Promise.all([page, load(part, i18n.locale as Locale)]);
  return loaded;
}

const parts = {
  house: {
    fr: () => import('virtual:catalogue/house-fr'),
    en: () => import('virtual:catalogue/house-en'),
  },
  proof: {
    fr: () => import('virtual:catalogue/proof-fr'),
    en: () => import('virtual:catalogue/proof-en'),
  },
} as const;

async function load(part: Part, locale: Locale): Promise<void> {
  const { messages } = await parts[part][locale]();
  i18n.load(locale, messages);
}
