/**
 * How many prompt tokens fit into one step. Learns the time of a token from the steps that were run and aims at a
 * budget: short while others generate (their next token waits for the step), longer when nobody does (larger batches
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

  /** Prompt tokens for a step in which `generating` answers get their next token. */
  next(generating: number): number {
    const most = this.#most - generating;
    if (this.#tokenMs === undefined) return Math.min(FIRST_GUESS_TOKENS, most);
    const budgetMs = generating > 0 ? this.#budgetMs : this.#aloneBudgetMs;
    const fitting = Math.floor(budgetMs / this.#tokenMs) - generating;
    const size = Math.max(LEAST_TOKENS, fitting - (fitting % LEAST_TOKENS));
    return Math.min(size, most);
  }

  /** Notes how long a step took. Steps that only generate say nothing of prompts. */
  learn(promptTokens: number, generating: number, stepMs: number): void {
    if (promptTokens < LEAST_TOKENS) return;
    const tokenMs = stepMs / (promptTokens + generating);
    this.#tokenMs = this.#tokenMs === undefined ? tokenMs : this.#tokenMs + LEARNING_RATE * (tokenMs - this.#tokenMs);
  }
}

const FIRST_GUESS_TOKENS = 32;
const LEAST_TOKENS = 8;
const LEARNING_RATE = 0.3;
