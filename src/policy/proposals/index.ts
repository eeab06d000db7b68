export { type OpenProposalsOptions, openProposals } from './open-proposals.ts';
export type * from './types.ts';
