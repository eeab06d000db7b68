/**
 * How many prompt tokens fit into one step. Learns the time of a token from the steps that were run and aims at a
 * budget for what prompts add to a step: short while others generate (their next token waits for the step), longer when nobody does (larger batches
 * compute faster, and a cancelled step is aborted inside the library).
 */
export class ChunkSize {
  readonly #budgetMs: number;
  readonly #aloneBudgetMs: number;
  readonly #most: number;
  #tokenMs: number | undefined;

  constructor(options: { readonly budgetMs: number; readonly aloneBudgetMs: number; readonly most: number }) {
    this.#budgetMs = options.budgetMs;
    this.#aloneBudgetMs = options.aloneBudgetMs;
    this.#most = options.most;
  }

  /**
   * Prompt tokens for a step in which `generating` answers get their next token and `prompts` wait for their first.
   * @param waiting tokens of these prompts: the last few of them are not left to a step of their own.
   */
  next(generating: number, prompts: number, waiting = Number.POSITIVE_INFINITY): number {
    const most = this.#most - generating;
    if (this.#tokenMs === undefined) return Math.min(FIRST_GUESS_TOKENS, most);
    // A longer step delays those who generate and serves those who wait: the more of these to one of those, the longer.
    const budgetMs = Math.min(this.#aloneBudgetMs, this.#budgetMs * Math.max(1, prompts / generating));
    const fitting = Math.floor(budgetMs / this.#tokenMs);
    const least = generating > 0 ? LEAST_TOKENS : LEAST_ALONE_TOKENS;
    const count = Math.max(least, whole(fitting));
    return Math.min(generating === 0 && waiting < count + TILE_TOKENS ? waiting : count, most);
  }

  /** Notes how long a step took. Steps that only generate say nothing of prompts. */
  learn(promptTokens: number, generating: number, stepMs: number): void {
    if (promptTokens < LEAST_TOKENS) return;
    const tokenMs = stepMs / (promptTokens + generating);
    // Other programs make single steps slow, nothing makes one too fast: quick to believe in speed, slow to doubt it.
    const known = this.#tokenMs ?? tokenMs;
    this.#tokenMs = tokenMs < known ? tokenMs : known + DOUBT * (tokenMs - known);
  }
}

/** A number of tokens near `fitting` that the library computes without waste. */
function whole(fitting: number): number {
  if (fitting < TILE_TOKENS * NEARLY) return fitting - (fitting % LEAST_TOKENS);
  return Math.round(fitting / TILE_TOKENS) * TILE_TOKENS;
}

/** Attention is computed in tiles of so many tokens; fewer go another way: 7.8 instead of 5.7 ms a token over the first 1,000. */
const TILE_TOKENS = 64;
const NEARLY = 3 / 4;
const FIRST_GUESS_TOKENS = 64;
const LEAST_TOKENS = 8;
/** Below this, a token costs more (139 against 177 tok/s at 8 and 64 tokens a call), also when the machine is busy. */
const LEAST_ALONE_TOKENS = 64;
const DOUBT = 0.05;
