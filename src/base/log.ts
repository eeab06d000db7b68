import { type Logger as PinoLogger, pino } from 'pino';

/** Structured log. Prompts, documents and secrets never go in; ids, sizes and codes do. */
export type Logger = PinoLogger;

/** Opens a log that writes JSON lines to standard error (standard output belongs to answers). */
export function openLog(options: { readonly level?: string } = {}): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: [
          'apiKey',
          '*.apiKey',
          'authorization',
          '*.authorization',
          'headers.authorization',
          'password',
          '*.password',
        ],
        censor: '[redacted]',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** A log that writes nothing, for tests that look elsewhere. */
export function silentLog(): Logger {
  return pino({ level: 'silent' });
}
