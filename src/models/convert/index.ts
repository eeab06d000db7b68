export { convertBert } from './bert.ts';
