import type { Patch } from './types.ts';

type Function_ = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces a method of an object by one that gets the original. A name that is not there is no way out, and no patch. */
export function patchMethod(
  name: string,
  owner: object,
  key: string,
  make: (original: Function_) => Function_,
): Patch[] {
  const holder = owner as Record<string, unknown>;
  const original = holder[key];
  if (typeof original !== 'function') return [];
  const guarded = make(original as Function_);
  Object.defineProperty(guarded, 'name', { value: key });
  copyMarks(original, guarded);
  holder[key] = guarded;
  return [
    {
      name,
      isInPlace: () => holder[key] === guarded,
      remove: () => {
        if (holder[key] === guarded) holder[key] = original;
      },
    },
  ];
}

/** `util.promisify` and the like look for marks on a function. */
function copyMarks(from: object, to: object): void {
  for (const symbol of Object.getOwnPropertySymbols(from)) {
    Object.defineProperty(to, symbol, Object.getOwnPropertyDescriptor(from, symbol) ?? {});
  }
}
