/**
 * Watches the launcher that started this process as its child. Killed outright it cannot pass a signal on; without this
 * its server would stay behind. A launcher that went before the watch began counts as gone. Its number is taken out of the
 * environment, so that no program started from here believes it its own.
 */
export function launcherGone(environment: NodeJS.ProcessEnv): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const launcher = Number(environment.INTRAMUROS_LAUNCHER_PID);
  delete environment.INTRAMUROS_LAUNCHER_PID;
  if (!Number.isSafeInteger(launcher)) return { signal: controller.signal, [Symbol.dispose]: () => {} };
  const look = (): void => {
    if (process.ppid !== launcher) controller.abort();
  };
  look();
  const timer = setInterval(look, 500);
  timer.unref();
  return { signal: controller.signal, [Symbol.dispose]: () => clearInterval(timer) };
}
