import { styled } from './style.ts';
import { cutText, textWidth } from './text-width.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut with an ellipsis when the terminal is narrow. */
  readonly flexible?: boolean;
}

/**
 * Lays rows out in columns two spaces apart. Narrower than its content, it cuts the flexible columns, widest first, to no
 * less than 5 characters; a column that still does not fit is left to the terminal to wrap.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly width: number | undefined; readonly color: boolean },
): string {
  const widths = columns.map((column, at) =>
    Math.max(textWidth(column.title), ...rows.map((row) => textWidth(row[at] ?? ''))),
  );
  if (options.width !== undefined) shrink(widths, columns, options.width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        const text = columns[at]?.flexible ? cutText(cell, width) : cell;
        const space = ' '.repeat(Math.max(0, width - textWidth(text)));
        return columns[at]?.align === 'right' ? space + text : text + space;
      })
      .join('  ')
      .trimEnd();
  const head = styled(line(columns.map((column) => column.title)), 'dim', options.color);
  return [head, ...rows.map(line)].join('\n');
}

function shrink(widths: number[], columns: readonly Column[], available: number): void {
  const least = 5;
  const total = (): number => widths.reduce((sum, width) => sum + width, 0) + 2 * (widths.length - 1);
  while (total() > available) {
    let widest = -1;
    for (const [at, width] of widths.entries()) {
      if (columns[at]?.flexible && width > least && width > (widths[widest] ?? 0)) widest = at;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
