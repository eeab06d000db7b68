import { type Column, formatTable } from '../terminal/table.ts';
import type { Context } from '../types.ts';
import type { Words } from '../words.ts';

/** Prints a table, or under `--json` the value it was made of. */
export function showTable(
  context: Context,
  value: unknown,
  columns: readonly (Omit<Column, 'title'> & { readonly title: Words })[],
  rows: readonly (readonly string[])[],
  empty: Words,
): number {
  if (context.json) context.printJson(value);
  else if (rows.length === 0) context.note(context.say(empty));
  else {
    const titled = columns.map((column) => ({ ...column, title: context.say(column.title) }));
    const { terminal } = context;
    context.print(formatTable(titled, rows, { width: terminal.columns(), color: terminal.color }));
  }
  return 0;
}

/** Says what was done, or under `--json` prints the value. */
export function showDone(context: Context, value: unknown, words: Words): number {
  if (context.json) context.printJson(value);
  else context.note(context.say(words));
  return 0;
}

/**
 * Shows a secret that can be seen this once: alone on standard output, so that it can be kept without passing a screen, the
 * remark on standard error.
 */
export function showSecret(context: Context, value: unknown, secret: string, words: Words): number {
  if (context.json) context.printJson(value);
  else {
    context.note(context.say(words));
    context.print(secret);
  }
  return 0;
}
