export { instructionFor, languageOf } from './instruction.ts';
export {
  type MaskedCounts,
  type MaskedTexts,
  type Masker,
  type MaskerOptions,
  openMasker,
} from './masker.ts';
export { MaskingFailedError, type MaskingReason } from './masking-failed.ts';
export { placeholderOf, placeholdersIn } from './placeholder.ts';
export { Restorer } from './restorer.ts';
export { secondScan } from './second-scan.ts';
export { type Hint, Vault } from './vault.ts';
export { openVaults, type VaultKeys, type Vaults } from './vaults.ts';
export { type MaskedKind, words } from './words.ts';
