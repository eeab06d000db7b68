/** Why an anchor could not confirm a checkpoint. */
export const anchorProblems = [
  'away',
  'refused',
  'unknown_log',
  'old_size',
  'bad_signature',
  'inconsistent',
  'untrusted',
  'offline',
  'broken',
] as const;
export type AnchorProblem = (typeof anchorProblems)[number];

/** One try at an anchor failed. Never thrown out of this room: it becomes the anchor's state. */
export class AnchorFailure extends Error {
  readonly problem: AnchorProblem;
  constructor(problem: AnchorProblem, words: string, options?: ErrorOptions) {
    super(words, options);
    this.problem = problem;
  }
}
