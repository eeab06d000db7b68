import type { Quota } from '../api/wire-house.ts';
import type { Format } from '../text/format.ts';
import type { Say, TextKey } from '../text/i18n.ts';
import { useFormat, useSay } from '../ui/services.ts';

/** An amount of what a quota counts. */
export function amountWords(say: Say, format: Format, unit: Quota['unit'], amount: number): string {
  if (unit === 'money') return format.money(amount, 'EUR');
  return say(unit === 'tokens' ? 'quota.tokens' : 'quota.requests', { count: amount, amount: format.integer(amount) });
}

/** Each limit that counts for the person: what is used of it, and when it renews. */
export function QuotaMeters({ quotas }: { readonly quotas: readonly Quota[] }) {
  const say = useSay();
  const format = useFormat();
  return (
    <ul className="quotas">
      {quotas.map((quota) => {
        const used = quota.used + quota.reserved;
        const share = quota.limit > 0 ? Math.min(1, used / quota.limit) : 1;
        const words = say('quota.use', {
          used: amountWords(say, format, quota.unit, used),
          limit: amountWords(say, format, quota.unit, quota.limit),
          period: say(`period.${quota.period}` as TextKey),
        });
        return (
          <li key={quota.id} data-full={used >= quota.limit || undefined}>
            <span className="quota-words">{words}</span>
            <meter value={share} max={1} aria-label={words} />
            <span className="faint">
              {say(`subject.${quota.subject.kind}` as TextKey)}
              {quota.subject.kind === 'everybody' || quota.subject.kind === 'person' || quota.subject.id === '*'
                ? ''
                : ` ${quota.subject.id}`}
              {' · '}
              {say('quota.renews', { time: format.dateTime(quota.resetAt) })}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
