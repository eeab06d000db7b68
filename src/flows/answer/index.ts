export { openAnswers, steps, toTurn } from './answers.ts';
export type * from './types.ts';
