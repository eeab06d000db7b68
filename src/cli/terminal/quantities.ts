import { formatBytes } from '../../base/index.ts';
import type { Language } from '../words.ts';

const narrowSpace = '\u00a0';

/** Bytes in the person's language: `1.5 KiB`, `1,5 Kio`. */
export function sizeText(bytes: number, language: Language): string {
  const text = formatBytes(bytes);
  return language === 'en' ? text : numberText(text, language).replace(/B$/, 'o').replace(' ', narrowSpace);
}

/** A number with the decimal mark of the language. */
export function numberText(text: string | number, language: Language): string {
  return language === 'en' ? String(text) : String(text).replace('.', ',');
}

/** `0:28`, `1:02:03`. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Parameters as people name them: `135M`, `7.6B`. */
export function parameterText(count: number, language: Language): string {
  if (count <= 0) return '?';
  const [value, unit] = count >= 999.5e6 ? [count / 1e9, 'B'] : [count / 1e6, 'M'];
  return `${numberText(value >= 100 || Number.isInteger(value) ? Math.round(value) : Number(value.toFixed(1)), language)}${unit}`;
}

/** Share from 0 to 1 as a percentage. */
export function percentText(share: number, language: Language): string {
  const value = Math.floor(Math.min(1, Math.max(0, share)) * 100);
  return language === 'en' ? `${value}%` : `${value}${narrowSpace}%`;
}
