export { type Clock, isoTime, systemClock } from './clock.ts';
export {
  dataDirectory,
  environmentName,
  type ResolvedSettings,
  readSettings,
  type SettingName,
  type SettingOrigin,
  type Settings,
  settingsSchema,
} from './config.ts';
export { type Confinement, confineProcess, confineThread, isConfined } from './confine.ts';
export { isConsoleToken, readConsoleToken, removeConsoleToken, writeConsoleToken } from './console-token.ts';
export {
  type ErrorCode,
  type ErrorFacts,
  errorCodes,
  fromProblem,
  IntramurosError,
  isIntramurosError,
  type Problem,
  toProblem,
} from './errors.ts';
export { newId } from './ids.ts';
export { type Logger, openLog, silentLog } from './log.ts';
export { baseAddressForm, dayForm, lineForm, visibleCharacters, wordForm } from './text-forms.ts';
export { formatBytes, parseBytes, parseDurationMs } from './units.ts';
