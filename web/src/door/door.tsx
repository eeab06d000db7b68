import { lazy, Suspense, useEffect } from 'react';
import { App } from '../app.tsx';
import { restoreDrafts } from '../chat/drafts.ts';
import { ProblemNote } from '../ui/problem-note.tsx';
import { useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';

const SignInPage = lazy(() => import('./sign-in.tsx'));
const SignInAgain = lazy(async () => ({ default: (await import('./sign-in.tsx')).SignInAgain }));

/** Lets in whoever the server knows; an installation without accounts has no door. */
export function Door() {
  const say = useSay();
  const { session, models, list, labels } = useServices();
  const { session: known, problem, expired } = useObservable(session.state);
  const person = known?.who?.id;
  useEffect(() => {
    if (person) restoreDrafts(person);
  }, [person]);
  useEffect(() => {
    if (expired) return;
    // Back after a session ended: what the page shows may be old.
    void models.refresh();
    void list.refresh();
    void labels.read(undefined);
  }, [expired, models, list, labels]);
  if (!known)
    return (
      <main className="door">
        {problem ? (
          <div className="door-sheet">
            <ProblemNote problem={problem}>
              <button type="button" className="button" onClick={() => void session.refresh()}>
                {say('retry')}
              </button>
            </ProblemNote>
          </div>
        ) : (
          <p className="waiting">{say('wait.page')}</p>
        )}
      </main>
    );
  if (known.mode === 'accounts' && !known.who)
    return (
      <Suspense fallback={<main className="door" />}>
        <SignInPage />
      </Suspense>
    );
  return (
    <>
      <App />
      {expired ? (
        <Suspense fallback={null}>
          <SignInAgain />
        </Suspense>
      ) : null}
    </>
  );
}
