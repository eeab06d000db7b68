/** Numbers, sizes and dates as the reader's language writes them. One object a locale; making formatters is not free. */
export class Format {
  readonly locale: string;
  readonly #integer: Intl.NumberFormat;
  readonly #one: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #compact: Intl.NumberFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  constructor(locale: string) {
    const full = locale === 'fr' ? 'fr-FR' : 'en-GB';
    this.locale = full;
    this.#integer = new Intl.NumberFormat(full, { maximumFractionDigits: 0 });
    this.#one = new Intl.NumberFormat(full, { maximumFractionDigits: 1 });
    this.#percent = new Intl.NumberFormat(full, { style: 'percent', maximumFractionDigits: 0 });
    this.#compact = new Intl.NumberFormat(full, { maximumSignificantDigits: 3 });
    this.#time = new Intl.DateTimeFormat(full, { hour: '2-digit', minute: '2-digit' });
    this.#date = new Intl.DateTimeFormat(full, { dateStyle: 'long', timeStyle: 'short' });
  }
  integer = (value: number): string => this.#integer.format(value);
  decimal = (value: number): string => this.#one.format(value);
  percent = (share: number): string => this.#percent.format(share);
  time = (iso: string): string => this.#time.format(new Date(iso));
  dateTime = (iso: string): string => this.#date.format(new Date(iso));
  /** A moment in a table: the year only where it is another. */
  moment(iso: string): string {
    const date = new Date(iso);
    const far = date.getFullYear() !== new Date().getFullYear();
    return new Intl.DateTimeFormat(this.locale, {
      day: 'numeric',
      month: 'short',
      ...(far ? { year: 'numeric' } : {}),
      hour: '2-digit',
      minute: '2-digit',
    }).format(date);
  }
  day = (iso: string): string => new Intl.DateTimeFormat(this.locale, { dateStyle: 'medium' }).format(new Date(iso));
  country = (code: string): string => nameOf(this.locale, code);

  /** Money in millionths of a unit; small sums keep the digits that make them more than nothing. */
  money(micros: number, currency: string): string {
    const value = micros / 1e6;
    const digits = value !== 0 && Math.abs(value) < 0.1 ? 6 : 2;
    try {
      return new Intl.NumberFormat(this.locale, {
        style: 'currency',
        currency,
        minimumFractionDigits: 2,
        maximumFractionDigits: digits,
      }).format(value);
    } catch {
      return `${this.decimal(value)}\u00a0${currency}`;
    }
  }

  /** Bytes in binary units; French counts in octets. */
  bytes(bytes: number): string {
    const units = this.locale === 'fr-FR' ? ['o', 'Kio', 'Mio', 'Gio', 'Tio'] : ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let value = bytes;
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit += 1;
    }
    return `${unit === 0 || value >= 100 ? this.integer(value) : this.decimal(value)}\u00a0${units[unit]}`;
  }

  /** Parameters: 135 M, 1.7 B (1,7 Md in French). */
  parameters(count: number): string {
    if (count >= 1e9) return `${this.#compact.format(count / 1e9)}\u00a0${this.locale === 'fr-FR' ? 'Md' : 'B'}`;
    return `${this.#compact.format(Math.round(count / 1e6))}\u00a0M`;
  }

  /** A duration that a person waits for: 340 ms, 2.4 s, 1 min 05 s. */
  duration(ms: number): string {
    if (ms < 1000) return `${this.integer(Math.round(ms))}\u00a0ms`;
    if (ms < 60_000) return `${this.decimal(ms / 1000)}\u00a0s`;
    const seconds = Math.round(ms / 1000);
    return `${Math.floor(seconds / 60)}\u00a0min\u00a0${String(seconds % 60).padStart(2, '0')}\u00a0s`;
  }
}

/** A country in the reader's language; what is no country's code stays as it is. */
function nameOf(locale: string, code: string): string {
  try {
    return new Intl.DisplayNames(locale, { type: 'region' }).of(code) ?? code;
  } catch {
    return code;
  }
}
