/** Languages that the command line speaks. */
export type Language = 'en' | 'fr';

/** One sentence in every language: a text that misses one does not compile. */
export type Words = Readonly<Record<Language, string>>;

/** The language of the person: a flag, else the setting, else the locale of the terminal. */
export function chooseLanguage(
  given: string | undefined,
  setting: string,
  environment: Readonly<Record<string, string | undefined>>,
): Language {
  for (const choice of [given, setting]) if (choice === 'fr' || choice === 'en') return choice;
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || '';
  return /^fr/i.test(locale) ? 'fr' : 'en';
}

/** The sentence in a language; French gets its no-break spaces here, so that sources stay easy to type. */
export function sentence(words: Words, language: Language): string {
  return language === 'fr' ? frenchSpaces(words.fr) : words.en;
}

/** No-break spaces inside « » and before : ; ? ! and %. */
export function frenchSpaces(text: string): string {
  return text.replace(/« /g, '«\u00a0').replace(/ ([»:;?!%])(?=[\s.,)»]|$)/g, '\u00a0$1');
}
