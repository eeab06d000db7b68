export type { AnchorState, Standing } from './anchors/anchors.ts';
export type { AnssiEvidence } from './anssi/anssi.ts';
export { type Article30, type ControllerFields, controllerFields } from './article-30/article-30.ts';
export { type ExportFormat, exportFormats } from './export/export-log.ts';
export type { LogVerification } from './log/verify.ts';
export type { ErasureReceipt } from './me/erase.ts';
export type { Held } from './me/held.ts';
export {
  type AnchoredProof,
  type AnchorSettings,
  type Evidence,
  type EvidenceOptions,
  type LogStatus,
  machineOf,
  openEvidence,
} from './open-evidence.ts';
export type { Opening, Receipt } from './receipts/receipt.ts';
