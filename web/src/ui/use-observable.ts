import { useSyncExternalStore } from 'react';
import type { Observable } from '../store/emitter.ts';

/** The value of an observable, or a part of it; the part must be the same object while nothing in it changed. */
export function useObservable<T, P = T>(
  observable: Observable<T>,
  part: (value: T) => P = (value) => value as never,
): P {
  return useSyncExternalStore(observable.subscribe, () => part(observable.get()));
}
