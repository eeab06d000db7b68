export { allowNewKey } from './identity.ts';
export { type OpenAuditOptions, openAudit } from './open-audit.ts';
export { readAudit } from './read-audit.ts';
export { readRetention } from './retention.ts';
export type * from './types.ts';
export { auditKinds } from './types.ts';
export { type VerifyProblem, type VerifyReport, type VerifyRequest, verifyLog } from './verify.ts';
