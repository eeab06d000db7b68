import { randomInt } from 'node:crypto';
import { readInput } from '../read-input.ts';
import type { Context } from '../types.ts';
import { CommandError } from '../usage-error.ts';

/** The first line of standard input, where `--password-stdin` asks for it: a password never stands on a command line. */
export async function passwordFromInput(context: Context): Promise<string | undefined> {
  if (!context.flags.has('password-stdin')) return undefined;
  const line = (await readInput(context)).split(/\r?\n/, 1)[0] ?? '';
  if (line !== '') return line;
  throw new CommandError('invalid_request', {
    en: 'Standard input holds no password in its first line.',
    fr: 'L’entrée standard ne contient pas de mot de passe sur sa première ligne.',
  });
}

/** A password of 20 letters and digits (98 bits) without those that look alike. */
export function newPassword(): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  const group = (): string => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}
