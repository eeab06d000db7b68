import { spawn } from 'node:child_process';
import { IntramurosError } from '../base/index.ts';
import { throughDoor } from './guard/passage.ts';
import type { EgressRun } from './types.ts';

const keptOutputCharacters = 64 * 1024;

/** Runs a command to its end; keeps the last 64 Ki characters of each output. An abort ends it, and its children on POSIX. */
export function runCommand(
  run: EgressRun,
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  run.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<{ exitCode: number; stdout: string; stderr: string }>();
  const ownGroup = process.platform !== 'win32';
  const child = throughDoor(() =>
    spawn(run.command, [...run.args], {
      env: { ...process.env, ...run.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: ownGroup,
    }),
  );
  const stop = (): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    if (ownGroup) process.kill(-child.pid, 'SIGTERM');
    else child.kill();
  };
  // A detached group would outlive this program otherwise.
  process.once('exit', stop);
  run.signal?.addEventListener('abort', stop, { once: true });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout = (stdout + text).slice(-keptOutputCharacters);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-keptOutputCharacters);
  });
  child.once('error', (error) => reject(cannotRun(run.command, error)));
  child.once('close', (code) => {
    if (run.signal?.aborted) reject(run.signal.reason);
    else resolve({ exitCode: code ?? 1, stdout, stderr });
  });
  return promise.finally(() => {
    process.off('exit', stop);
    run.signal?.removeEventListener('abort', stop);
  });
}

function cannotRun(command: string, cause: Error): IntramurosError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  const words = missing ? 'it is not installed or not in PATH' : cause.message;
  return new IntramurosError('egress_failed', `Cannot run "${command}": ${words}.`, {
    cause,
    facts: { host: command, reason: missing ? 'not-installed' : 'unknown' },
  });
}
