import type { Runtime } from '../api/wire.ts';
import type { Format } from '../text/format.ts';
import type { Say, TextKey } from '../text/i18n.ts';

/** Where a model stands, in words. */
export function runtimeWords(say: Say, format: Format, runtime: Runtime | null | undefined): string {
  if (!runtime) return say('state.idle');
  switch (runtime.state) {
    case 'loading':
      return say(`wait.${runtime.phase ?? 'reading'}` as TextKey, { percent: format.percent(runtime.progress) });
    case 'ready':
      if (runtime.queuedRequests > 0)
        return say('state.queued', { active: runtime.activeRequests, queued: runtime.queuedRequests });
      return runtime.activeRequests > 0 ? say('state.busy', { active: runtime.activeRequests }) : say('state.ready');
    case 'unloading':
      return say('state.unloading');
    case 'failed':
      return say('state.failed', { why: runtime.failure ?? '' });
  }
}
