import type { ReactNode } from 'react';
import { ProblemNote } from './problem-note.tsx';
import { useSay } from './services.ts';
import type { Reading } from './use-read.ts';

/** What was read; or that it is being read, or why it could not be. */
export function ReadState<T>({
  reading,
  children,
}: {
  readonly reading: Reading<T>;
  readonly children: (value: T) => ReactNode;
}) {
  const say = useSay();
  const { value, problem, again } = reading;
  return (
    <>
      {problem ? (
        <ProblemNote problem={problem}>
          <button type="button" className="button" onClick={again}>
            {say('retry')}
          </button>
        </ProblemNote>
      ) : null}
      {value === undefined ? problem ? null : <p className="waiting">{say('wait.page')}</p> : children(value)}
    </>
  );
}
