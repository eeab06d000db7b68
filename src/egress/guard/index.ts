export { installGuard } from './guard.ts';
export type { Guard, GuardOptions, GuardRefusal } from './types.ts';
