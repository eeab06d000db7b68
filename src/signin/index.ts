export type { Departure } from './provider.ts';
export { readSignInSettings, type SignInSettings } from './settings.ts';
export { openSignIn, type SignInRoom } from './sign-in.ts';
export type * from './types.ts';
