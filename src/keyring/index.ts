export { houseKeyFile, type RunProgram } from './house-key.ts';
export { checkHouseKey, type OpenKeyringOptions, openKeyring } from './open-keyring.ts';
export { readTombstones, tombstonesFile } from './tombstones.ts';
export type * from './types.ts';
