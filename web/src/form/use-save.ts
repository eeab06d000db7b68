import { useState } from 'react';
import { toProblemBody } from '../api/problem.ts';
import type { ProblemBody } from '../api/wire.ts';
import type { TextKey } from '../text/i18n.ts';
import { useSay, useServices } from '../ui/services.ts';

export interface Save {
  readonly working: boolean;
  readonly problem: ProblemBody | undefined;
  /** Does the work and says that it is done; false when it failed and the problem is there to show. */
  run(work: () => Promise<unknown>, done?: TextKey): Promise<boolean>;
}

/** One piece of work of a form at a time, its failure, and its end spoken. */
export function useSave(): Save {
  const say = useSay();
  const { announcer } = useServices();
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<ProblemBody>();
  const run = async (work: () => Promise<unknown>, done: TextKey = 'saved'): Promise<boolean> => {
    setWorking(true);
    setProblem(undefined);
    try {
      await work();
      announcer.say(say(done));
      return true;
    } catch (error) {
      setProblem(toProblemBody(error));
      return false;
    } finally {
      setWorking(false);
    }
  };
  return { working, problem, run };
}
