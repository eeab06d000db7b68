/**
 * Watches the launcher that started this process as its child. Killed outright it cannot pass a signal on; without this
 * its server would stay behind.
 */
export function launcherGone(environment: NodeJS.ProcessEnv): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const launcher = Number(environment.INTRAMUROS_LAUNCHER_PID);
  if (!Number.isSafeInteger(launcher) || launcher !== process.ppid) {
    return { signal: controller.signal, [Symbol.dispose]: () => {} };
  }
  const timer = setInterval(() => {
    if (process.ppid !== launcher) controller.abort();
  }, 500);
  timer.unref();
  return { signal: controller.signal, [Symbol.dispose]: () => clearInterval(timer) };
}
