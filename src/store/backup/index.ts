export { type BackupOptions, type BackupResult, backup, streamBackup } from './backup.ts';
export { type RestoreOptions, type RestoreResult, restore } from './restore.ts';
