import { useEffect, useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';

/** Pages of a long list, each put under the last; another `key` starts again. */
export function usePages<T>(
  key: string,
  read: (cursor: string | undefined) => Promise<{ readonly rows: readonly T[]; readonly nextCursor: string | null }>,
) {
  const [state, setState] = useState<{
    key: string;
    rows?: readonly T[];
    nextCursor?: string | null;
    problem?: ProblemBody;
  }>({ key });
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` names what `read` reads
  useEffect(() => {
    let gone = false;
    read(undefined).then(
      (page) => gone || setState({ key, ...page }),
      (error: unknown) => gone || setState({ key, problem: toProblemBody(error) }),
    );
    return () => {
      gone = true;
    };
  }, [key, turn]);
  const own = state.key === key ? state : { key };
  const cursor = own.nextCursor;
  const more = cursor
    ? () => {
        read(cursor).then(
          (page) =>
            setState((now) =>
              now.key === key && now.nextCursor === cursor
                ? { key, rows: [...(now.rows ?? []), ...page.rows], nextCursor: page.nextCursor }
                : now,
            ),
          (error: unknown) => setState((now) => ({ ...now, problem: toProblemBody(error) })),
        );
      }
    : undefined;
  return { value: own.rows, problem: own.problem, again: () => setTurn((now) => now + 1), more };
}
