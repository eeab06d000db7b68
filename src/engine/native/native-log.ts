import koffi from 'koffi';
import { type Api, callbackType } from './declarations.ts';

/** What the library says while it works, kept off standard error. */
export interface NativeLog {
  /** Collects the lines until `stop` is called: for the cause of a failure and the sizes of buffers. */
  collect(): { readonly lines: readonly string[]; stop(): void };
  /** Sends each whole line somewhere, such as the log at level debug. */
  onLine: ((line: string, level: 'debug' | 'warn' | 'error') => void) | undefined;
}

const LEVEL_WARN = 3;
const LEVEL_ERROR = 4;
const LEVEL_CONTINUED = 5;

/** Takes the library's log over for the rest of the process. */
export function openNativeLog(api: Api): NativeLog {
  const collectors = new Set<string[]>();
  const log: NativeLog = {
    onLine: undefined,
    collect() {
      const lines: string[] = [];
      collectors.add(lines);
      return { lines, stop: () => void collectors.delete(lines) };
    },
  };
  let pending = '';
  let lastLevel = 0;
  const receive = (level: number, text: string | null): void => {
    if (level !== LEVEL_CONTINUED) lastLevel = level;
    pending += text ?? '';
    const parts = pending.split('\n');
    pending = parts.pop() ?? '';
    for (const line of parts) {
      for (const lines of collectors) lines.push(line);
      log.onLine?.(line, lastLevel === LEVEL_ERROR ? 'error' : lastLevel === LEVEL_WARN ? 'warn' : 'debug');
    }
  };
  api.llama_log_set(koffi.register(receive, callbackType.log), null);
  return log;
}
