export type { ProvenPerson } from '../identity/index.ts';
