const signals: Readonly<Record<string, string>> = {
  SIGKILL: 'it was killed from outside (SIGKILL): by a person, or by the system when memory ran out',
  SIGSEGV: 'the inference library accessed memory it may not (SIGSEGV)',
  SIGBUS: 'its model file became unreadable while in use (SIGBUS): it was cut or its disk failed',
  SIGABRT: 'the inference library gave up (SIGABRT)',
  SIGILL: 'the inference library used an instruction this CPU does not have (SIGILL)',
  SIGFPE: 'the inference library computed something impossible (SIGFPE)',
  SIGTERM: 'it was asked to end from outside (SIGTERM)',
};

/** Why a process ended, in words. `lastLine` is the last thing it wrote to its error output. */
export function crashCause(code: number | null, signal: string | null, lastLine: string | undefined): string {
  const how =
    signal !== null ? (signals[signal] ?? `it was ended by ${signal}`) : `it ended by itself with exit code ${code}`;
  const said = lastLine && signal !== 'SIGKILL' ? `; its last words: "${lastLine.slice(0, 300)}"` : '';
  return how + said;
}
