/** What a text may pass on after more of it came. */
export interface StopResult {
  readonly text: string;
  /** The sequence that ended the text; it and what follows are not in `text`. */
  readonly stopped: string | undefined;
}

/** Watches a growing text for sequences that end it, and holds back only what may be the beginning of one. */
export class StopMatcher {
  readonly #stops: readonly string[];
  #held = '';

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop.length > 0);
  }

  push(text: string): StopResult {
    if (this.#stops.length === 0) return { text, stopped: undefined };
    const whole = this.#held + text;
    const found = this.#earliest(whole);
    if (found) {
      this.#held = '';
      return { text: whole.slice(0, found.at), stopped: found.stop };
    }
    const free = whole.length - this.#possibleBeginning(whole);
    this.#held = whole.slice(free);
    return { text: whole.slice(0, free), stopped: undefined };
  }

  /** What was held back, once no more text comes. */
  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #earliest(text: string): { readonly at: number; readonly stop: string } | undefined {
    let best: { at: number; stop: string } | undefined;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at >= 0 && (best === undefined || at < best.at)) best = { at, stop };
    }
    return best;
  }

  #possibleBeginning(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length -= 1) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
