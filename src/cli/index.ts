export { commands } from './commands/index.ts';
export { cliPage, withSettings } from './documents.ts';
export { exitCodes } from './exit-codes.ts';
export { commandHelp, overview } from './help.ts';
export { runCli } from './run.ts';
export type { House, RunningServer } from './types.ts';
