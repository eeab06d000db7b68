export { openAnswers, steps } from './answers.ts';
export { estimateBytes } from './estimate.ts';
export { conversationsOf } from './label.ts';
export { noUpstreams } from './no-upstreams.ts';
export type * from './types.ts';
