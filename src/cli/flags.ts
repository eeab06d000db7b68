import { UsageError } from './usage-error.ts';

/** The options of one call, read with the type the command wants. */
export class Flags {
  readonly #values: ReadonlyMap<string, string | true>;
  constructor(values: ReadonlyMap<string, string | true>) {
    this.#values = values;
  }
  has(name: string): boolean {
    return this.#values.has(name);
  }
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === true ? undefined : value;
  }
  /** @throws {UsageError} when the value is no number within the limits. */
  number(
    name: string,
    limits: { readonly min?: number; readonly max?: number; readonly whole?: boolean } = {},
  ): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, whole = false } = limits;
    if (Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    const range = [Number.isFinite(min) ? `≥ ${min}` : '', Number.isFinite(max) ? `≤ ${max}` : ''].filter(Boolean);
    throw new UsageError({
      en: `--${name} wants a ${whole ? 'whole ' : ''}number${range.length ? ` (${range.join(', ')})` : ''}, found "${text}".`,
      fr: `--${name} attend un nombre${whole ? ' entier' : ''}${range.length ? ` (${range.join(', ')})` : ''}, trouvé « ${text} ».`,
    });
  }
  /** @throws {UsageError} when the value is not one of the choices. */
  oneOf<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if ((choices as readonly string[]).includes(text)) return text as T;
    throw new UsageError({
      en: `--${name} wants ${choices.join(', ')}; found "${text}".`,
      fr: `--${name} attend ${choices.join(', ')} ; trouvé « ${text} ».`,
    });
  }
}
