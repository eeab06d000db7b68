import type { Context } from './types.ts';
import { CommandError } from './usage-error.ts';

const limitBytes = 64 * 1024 * 1024;

/** All of standard input as text. Invalid UTF-8 and more than 64 MiB are refused. */
export async function readInput(context: Context): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of context.terminal.input) {
    context.signal.throwIfAborted();
    parts.push(Buffer.from(part as Buffer));
    size += (part as Buffer).length;
    if (size > limitBytes) {
      throw new CommandError('payload_too_large', {
        en: 'Standard input holds more than 64 MiB.',
        fr: 'L’entrée standard contient plus de 64 Mio.',
      });
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch (error) {
    throw new CommandError(
      'invalid_request',
      { en: 'Standard input is not UTF-8 text.', fr: 'L’entrée standard n’est pas du texte UTF-8.' },
      { cause: error },
    );
  }
}
