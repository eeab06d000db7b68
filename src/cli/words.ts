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
