import type { LiveRun } from '../store/live-run.ts';
import type { TextKey } from '../text/i18n.ts';
import { Bar } from '../ui/bar.tsx';
import { useFormat, useSay } from '../ui/services.ts';

/** What the answer is waiting for, always in words. */
export function Waiting({ run }: { readonly run: LiveRun }) {
  const say = useSay();
  const format = useFormat();
  if (run.stopping) return <p className="waiting">{say('wait.stopping')}</p>;
  if (run.reconnecting) return <p className="waiting">{say('wait.reconnecting')}</p>;
  const { phase } = run;
  switch (phase.kind) {
    case 'sending':
      return <p className="waiting">{say('wait.sending')}</p>;
    case 'queued':
      return <p className="waiting">{say('wait.queued', { ahead: phase.ahead })}</p>;
    case 'loading': {
      const words = say(`wait.${phase.phase}` as TextKey, { percent: format.percent(phase.progress) });
      return (
        <div className="waiting">
          <p>{words}</p>
          <Bar share={phase.phase === 'evicting' ? undefined : phase.progress} label={words} />
        </div>
      );
    }
    case 'reading': {
      const fresh = phase.promptTokens - phase.cachedTokens;
      return <p className="waiting">{say('wait.prompt', { count: fresh })}</p>;
    }
    default:
      return null;
  }
}
