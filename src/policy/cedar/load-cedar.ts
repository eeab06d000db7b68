import { createRequire } from 'node:module';

export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

const require = createRequire(import.meta.url);
const entry = '@cedar-policy/cedar-wasm/nodejs';

/**
 * The policy engine, compiled to WebAssembly. After a trap its memory may be in any state, so `fresh` makes a new
 * instance; what was compiled in the old one has to be compiled again.
 */
export function loadCedar({ fresh = false }: { readonly fresh?: boolean } = {}): Cedar {
  if (fresh) delete require.cache[require.resolve(entry)];
  return require(entry) as Cedar;
}
