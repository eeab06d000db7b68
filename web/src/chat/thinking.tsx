import { useEffect, useState } from 'react';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';
import { useObservable } from '../ui/use-observable.ts';

/** What the model thought before it answered: folded by default, with a timer that runs and then stands. */
export function Thinking({
  text,
  sinceMs,
  durationMs,
}: {
  readonly text: string;
  /** Set while it thinks. */
  readonly sinceMs: number | undefined;
  readonly durationMs: number | undefined;
}) {
  const say = useSay();
  const format = useFormat();
  const { preferences } = useServices();
  const habit = useObservable(preferences.value, (value) => value.thinking);
  const [chosen, setChosen] = useState<boolean | undefined>(undefined);
  const now = useSecond(sinceMs !== undefined);
  const open = chosen ?? (habit === 'open' || (habit === 'auto' && sinceMs !== undefined));
  const title =
    sinceMs !== undefined
      ? say('thinking.now', { seconds: format.integer(Math.max(0, Math.floor((now - sinceMs) / 1000))) })
      : durationMs !== undefined
        ? say('thinking.done', { seconds: format.integer(Math.max(1, Math.round(durationMs / 1000))) })
        : say('thinking.some');
  return (
    <div className="thinking" data-open={open || undefined}>
      <button type="button" className="thinking-head" aria-expanded={open} onClick={() => setChosen(!open)}>
        <Icon name="right" />
        {title}
      </button>
      {open ? (
        <div className="thinking-text">
          <p>{text}</p>
          {sinceMs === undefined ? <CopyButton text={() => text} label="copy" /> : null}
        </div>
      ) : null}
    </div>
  );
}

function useSecond(running: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
