export { openAnswers, steps } from './answers.ts';
export { type Commitments, type Committed, type CommittedPart, openCommitments, promptBytes } from './commitments.ts';
export { estimateBytes } from './estimate.ts';
export { conversationsOf } from './label.ts';
export { noUpstreams } from './no-upstreams.ts';
export { toChatMessages } from './store-question.ts';
export type * from './types.ts';
