export { type OpenAuditOptions, openAudit } from './open-audit.ts';
export { readAudit } from './read-audit.ts';
export type * from './types.ts';
export { type VerifyProblem, type VerifyReport, type VerifyRequest, verifyLog } from './verify.ts';
