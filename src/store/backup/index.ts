export { type BackupOptions, type BackupResult, backup, streamBackup } from './backup.ts';
export { backupHere } from './backup-here.ts';
export { type RestoreOptions, type RestoreResult, restore } from './restore.ts';
