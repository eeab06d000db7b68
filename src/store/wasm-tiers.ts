import { setFlagsFromString } from 'node:v8';

let starting = 0;

/**
 * Until the result is called, WASM is compiled in one pass and never again. PostgreSQL's large functions cost V8 some 250 MiB
 * and seconds of processor time to optimise, and run little faster for it: 28 µs a row written against 18 to 29. How a
 * module is compiled is settled when it is loaded; those that are loaded later are optimised as ever.
 */
export function compilePlainly(): () => void {
  starting += 1;
  setFlagsFromString('--no-wasm-dynamic-tiering');
  setFlagsFromString('--no-wasm-tier-up');
  let over = false;
  return () => {
    if (over) return;
    over = true;
    starting -= 1;
    if (starting > 0) return;
    setFlagsFromString('--wasm-dynamic-tiering');
    setFlagsFromString('--wasm-tier-up');
  };
}
