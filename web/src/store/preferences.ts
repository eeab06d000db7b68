import type { Action } from '../text/shortcuts.ts';
import { Observable } from './emitter.ts';

/** A person's choices, kept in this browser. `public/boot.js` reads the same key before the first paint. */
export interface Preferences {
  readonly language: 'auto' | 'fr' | 'en';
  readonly theme: 'system' | 'light' | 'dark';
  readonly density: 'comfortable' | 'compact';
  readonly textSize: 'small' | 'medium' | 'large' | 'larger';
  /** `auto`: open while it thinks, closed after. */
  readonly thinking: 'collapsed' | 'auto' | 'open';
  readonly sidebar: boolean;
  readonly shortcuts: boolean;
  readonly bindings: Readonly<Partial<Record<Action, string>>>;
  readonly model: string | null;
}

export const defaultPreferences: Preferences = {
  language: 'auto',
  theme: 'system',
  density: 'comfortable',
  textSize: 'medium',
  thinking: 'collapsed',
  sidebar: true,
  shortcuts: true,
  bindings: {},
  model: null,
};

const storageKey = 'intramuros.preferences';

/** Reads what is stored; anything unreadable or unknown gives way to the default. */
export function parsePreferences(text: string | null): Preferences {
  try {
    const stored: unknown = JSON.parse(text ?? '{}');
    if (typeof stored !== 'object' || stored === null) return defaultPreferences;
    const known = Object.entries(stored).filter(
      ([name, value]) =>
        name in defaultPreferences &&
        (name === 'model' || typeof value === typeof defaultPreferences[name as keyof Preferences]),
    );
    return { ...defaultPreferences, ...Object.fromEntries(known) };
  } catch {
    return defaultPreferences;
  }
}

export function openPreferences(storage: Pick<Storage, 'getItem' | 'setItem'>) {
  const value = new Observable(parsePreferences(storage.getItem(storageKey)));
  return {
    value,
    change(change: Partial<Preferences>): void {
      const next = { ...value.get(), ...change };
      value.set(next);
      try {
        storage.setItem(storageKey, JSON.stringify(next));
      } catch {
        // storage is full or forbidden: the choice holds for this visit
      }
    },
  };
}
export type PreferencesStore = ReturnType<typeof openPreferences>;
