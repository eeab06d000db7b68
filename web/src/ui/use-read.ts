import { useCallback, useEffect, useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';

export interface Reading<T> {
  readonly value: T | undefined;
  readonly problem: ProblemBody | undefined;
  readonly again: () => void;
}

/** Reads something when it is shown and when asked again. `key` says what is read: another key, another reading. */
export function useRead<T>(key: string, read: () => Promise<T>): Reading<T> {
  const [state, setState] = useState<{ key: string; value?: T; problem?: ProblemBody }>({ key });
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` names what `read` reads
  useEffect(() => {
    let gone = false;
    read().then(
      (value) => gone || setState({ key, value }),
      (error: unknown) => gone || setState((before) => ({ ...before, key, problem: toProblemBody(error) })),
    );
    return () => {
      gone = true;
    };
  }, [key, turn]);
  const again = useCallback(() => setTurn((now) => now + 1), []);
  const own = state.key === key ? state : undefined;
  return { value: own?.value, problem: own?.problem, again };
}
