import type { DayUsage } from '../api/wire-house.ts';
import { useFormat, useSay } from '../ui/services.ts';

const [width, height, foot] = [600, 120, 18];

/** Tokens a day as bars; the same figures as a table behind it. */
export function UsageByDay({ days }: { readonly days: readonly DayUsage[] }) {
  const say = useSay();
  const format = useFormat();
  const tokens = ({ promptTokens, completionTokens }: DayUsage): number => promptTokens + completionTokens;
  const most = Math.max(1, ...days.map(tokens));
  if (days.every((day) => day.requests === 0)) return null;
  const step = width / Math.max(1, days.length);
  const bar = (count: number): number => (count / most) * (height - foot - 14);
  return (
    <figure className="chart">
      <figcaption>{say('usage.chart')}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
        <line x1="0" x2={width} y1={height - foot} y2={height - foot} className="chart-axis" />
        <text x="0" y="10" className="chart-text">
          {say('quota.tokens', { count: most, amount: format.integer(most) })}
        </text>
        {days.map((day, at) => (
          <g key={day.date}>
            <rect
              className="chart-prompt"
              x={at * step + step * 0.15}
              width={step * 0.7}
              y={height - foot - bar(tokens(day))}
              height={bar(day.promptTokens)}
            />
            <rect
              className="chart-completion"
              x={at * step + step * 0.15}
              width={step * 0.7}
              y={height - foot - bar(day.completionTokens)}
              height={bar(day.completionTokens)}
            />
          </g>
        ))}
        <text x="0" y={height - 4} className="chart-text">
          {days[0] ? format.day(days[0].date) : ''}
        </text>
        <text x={width} y={height - 4} textAnchor="end" className="chart-text">
          {days.at(-1) ? format.day(days.at(-1)?.date ?? '') : ''}
        </text>
      </svg>
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
