import { setupI18n } from '@lingui/core';
import type en from '../i18n/en.json';
import type houseEn from '../i18n/house-en.json';

/** A text of the page. The type is the list: a key that no catalogue has does not compile. */
export type TextKey = keyof typeof en | keyof typeof houseEn;
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

let houseWanted = false;

/** Loads the compiled catalogue of a language and switches the page to it. */
export async function activate(locale: Locale): Promise<void> {
  const { messages } = await (locale === 'fr' ? import('virtual:catalogue/fr') : import('virtual:catalogue/en'));
  i18n.load(locale, messages);
  if (houseWanted) await loadHouse(locale);
  i18n.activate(locale);
  document.documentElement.lang = locale;
}

/** Adds the words of accounts and administration, which a person who only asks never loads. */
export async function withHouseWords<T>(page: Promise<T>): Promise<T> {
  houseWanted = true;
  const [loaded] = await Promise.all([page, loadHouse(i18n.locale as Locale)]);
  return loaded;
}

async function loadHouse(locale: Locale): Promise<void> {
  const { messages } = await (locale === 'fr'
    ? import('virtual:catalogue/house-fr')
    : import('virtual:catalogue/house-en'));
  i18n.load(locale, messages);
}
