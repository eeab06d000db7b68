import { useFormat, useSay } from '../ui/services.ts';
import { type ContextUse, warnFrom } from './context-use.ts';

/** How full the model's memory of this conversation is; turns into a warning before the limit. */
export function ContextGauge({ use }: { readonly use: ContextUse }) {
  const say = useSay();
  const format = useFormat();
  const share = Math.min(1, use.usedTokens / use.limitTokens);
  const words = say('context.use', {
    used: format.integer(use.usedTokens),
    limit: format.integer(use.limitTokens),
    percent: format.percent(share),
  });
  return (
    <span className="gauge" data-warn={share >= warnFrom || undefined} title={words}>
      <meter
        aria-label={say('context.label')}
        aria-valuetext={words}
        min={0}
        max={use.limitTokens}
        value={Math.min(use.usedTokens, use.limitTokens)}
      />
      <span className="mono" aria-hidden="true">
        {format.percent(share)}
      </span>
    </span>
  );
}

/** The warning itself, above the composer. */
export function ContextWarning({ use }: { readonly use: ContextUse }) {
  const say = useSay();
  const format = useFormat();
  const share = use.usedTokens / use.limitTokens;
  if (share < warnFrom) return null;
  return (
    <p className="context-warning">
      {share >= 1 ? say('context.full') : say('context.warn', { percent: format.percent(share) })}
    </p>
  );
}
