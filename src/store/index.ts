export * from './backup/index.ts';
export { besideBackups } from './backup/manifest.ts';
export { type OpenDatabaseOptions, openDatabase } from './database.ts';
export { DatabaseError } from './failures.ts';
export { type GatewayBeat, gatewayId, isAlive, openGatewayBeat } from './gateways.ts';
export { type DirectoryLock, lockDataDirectory, lockHolder } from './lock.ts';
export { scrub } from './scrub.ts';
export { openSecrets, type Secrets } from './secrets.ts';
export type * from './types.ts';
