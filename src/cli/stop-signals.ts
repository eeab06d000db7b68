import { IntramurosError } from '../base/index.ts';
import { exitCodes } from './exit-codes.ts';

/** A signal that came twice within this time came once, from the terminal and from the launcher. */
const echoMs = 300;

/** Listens for Ctrl+C and SIGTERM: the first asks the command to stop, a second one a moment later ends the process. */
export function listenForStop(): { readonly signal: AbortSignal; exitCode(): number; release(): void } {
  const controller = new AbortController();
  let exitCode: number = exitCodes.interrupted;
  let firstAt = 0;
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      if (Date.now() - firstAt > echoMs) process.exit(exitCode);
      return;
    }
    firstAt = Date.now();
    exitCode = name === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
    controller.abort(new IntramurosError('cancelled', 'Interrupted.'));
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, stop);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    release: () => {
      for (const name of names) process.off(name, stop);
    },
  };
}
