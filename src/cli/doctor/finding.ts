import type { Words } from '../words.ts';

/** What the doctor says of one thing it looked at. */
export interface Finding {
  /** Stable name for programs. */
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly title: Words;
  readonly found: Words;
  /** What to do; always there unless all is well. */
  readonly remedy?: Words;
}

/** The same words in both languages: names, paths, figures. */
export const same = (text: string): Words => ({ en: text, fr: text });
