import type { DayUsage } from '../api/wire-house.ts';
import { useFormat, useSay } from '../ui/services.ts';
import { lastDays, shownDays } from './last-days.ts';

const [width, height] = [600, 90];

/** Tokens a day as bars; the same figures as a table behind it. */
export function UsageByDay({ days: used }: { readonly days: readonly DayUsage[] }) {
  const say = useSay();
  const format = useFormat();
  const days = lastDays(used, new Date());
  const tokens = ({ promptTokens, completionTokens }: DayUsage): number => promptTokens + completionTokens;
  const most = Math.max(1, ...days.map(tokens));
  if (days.every((day) => day.requests === 0)) return null;
  const step = width / shownDays;
  const bar = (count: number): number => (count / most) * height;
  return (
    <figure className="chart">
      <figcaption>{say('usage.chart')}</figcaption>
      <p className="chart-text">{say('quota.tokens', { count: most, amount: format.integer(most) })}</p>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {days.map((day, at) => (
          <g key={day.date}>
            <rect
              className="chart-prompt"
              x={at * step + step * 0.12}
              width={step * 0.76}
              y={height - bar(tokens(day))}
              height={bar(day.promptTokens)}
            />
            <rect
              className="chart-completion"
              x={at * step + step * 0.12}
              width={step * 0.76}
              y={height - bar(day.completionTokens)}
              height={bar(day.completionTokens)}
            />
          </g>
        ))}
      </svg>
      <p className="chart-text chart-ends">
        <span>{format.day(days[0]?.date ?? '')}</span>
        <span>{format.day(days.at(-1)?.date ?? '')}</span>
      </p>
      <p className="chart-keys">
        <span className="chart-key" data-of="prompt">
          {say('usage.prompt')}
        </span>
        <span className="chart-key" data-of="completion">
          {say('usage.completion')}
        </span>
      </p>
      <details>
        <summary>{say('usage.figures')}</summary>
        <table className="keys">
          <thead>
            <tr>
              <th scope="col">{say('usage.day')}</th>
              <th scope="col">{say('usage.requests')}</th>
              <th scope="col">{say('usage.prompt')}</th>
              <th scope="col">{say('usage.completion')}</th>
            </tr>
          </thead>
          <tbody>
            {days
              .filter(({ requests }) => requests > 0)
              .map((day) => (
                <tr key={day.date}>
                  <th scope="row">{format.day(day.date)}</th>
                  <td>{format.integer(day.requests)}</td>
                  <td>{format.integer(day.promptTokens)}</td>
                  <td>{format.integer(day.completionTokens)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
