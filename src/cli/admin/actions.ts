import type { Context } from '../types.ts';
import { UsageError } from '../usage-error.ts';

/** What the actions of an administrator's command are called with: the arguments after the action. */
export type Action = (context: Context, args: readonly string[]) => Promise<number | undefined>;

/** Runs the action that the first argument names; the first of the table without one. @throws {UsageError} */
export function runAction(
  context: Context,
  command: string,
  actions: Readonly<Record<string, Action>>,
): Promise<number | undefined> {
  const names = Object.keys(actions);
  const [named = names[0] ?? '', ...args] = context.args;
  const action = Object.hasOwn(actions, named) ? actions[named] : undefined;
  if (action) return action(context, args);
  throw new UsageError(
    {
      en: `${command} knows ${names.join(', ')}; not "${named}".`,
      fr: `${command} connaît ${names.join(', ')} ; pas « ${named} ».`,
    },
    command,
  );
}

/** The argument that an action cannot do without. @throws {UsageError} */
export function needed(
  text: string | undefined,
  what: { readonly en: string; readonly fr: string },
  command: string,
): string {
  if (text !== undefined && text !== '') return text;
  throw new UsageError({ en: `Missing: ${what.en}.`, fr: `Il manque : ${what.fr}.` }, command);
}

/** Items of an option such as `--role member,auditor`; undefined when it is absent, none when it is empty. */
export function listFlag(context: Context, name: string): string[] | undefined {
  return context.flags
    .text(name)
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** A label such as `SENSIBLE` or `SENSIBLE;mentions=PII,SANTE;compartments=rh`; null for `none`. */
export function labelFlag(context: Context, name: string): LabelText | null | undefined {
  const text = context.flags.text(name);
  if (text === undefined) return undefined;
  if (text === 'none') return null;
  const [level = '', ...rest] = text.split(';').map((part) => part.trim());
  const parts = new Map(rest.map((part) => [part.split('=')[0]?.trim() ?? '', part.split('=')[1] ?? '']));
  const list = (key: string): string[] =>
    (parts.get(key) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  return { level: level.toUpperCase(), mentions: list('mentions'), compartments: list('compartments') };
}

export interface LabelText {
  readonly level: string;
  readonly mentions: readonly string[];
  readonly compartments: readonly string[];
}

/** A label in one line. */
export function labelText(label: LabelText | null): string {
  if (label === null) return '';
  return [label.level, ...label.mentions, ...label.compartments.map((name) => `@${name}`)].join(' ');
}

/** A point in time, to the minute, in the person's language and time zone. */
export function timeText(iso: string | null, context: Context): string {
  if (iso === null) return '';
  return new Intl.DateTimeFormat(context.language, { dateStyle: 'short', timeStyle: 'short' }).format(new Date(iso));
}
