import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = join(import.meta.dirname, '..', '..', 'bin', 'intramuros');

/** A data directory that is removed at the end. */
export function temporaryHome(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'intramuros-home-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

export interface CommandOptions {
  readonly home: string;
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command as a person does, through its launcher, with an environment of its own. */
export function startCommand(args: readonly string[], options: CommandOptions): ChildProcessWithoutNullStreams {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(INTRAMUROS_|DATABASE_URL|LANG|LC_|FORCE_COLOR|NO_COLOR|NODE_)/.test(name),
  );
  const environment = { ...Object.fromEntries(kept), INTRAMUROS_HOME: options.home, LANG: 'C', ...options.environment };
  return spawn(process.execPath, [program, ...args], {
    env: environment,
    stdio: 'pipe',
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

/** Runs a command to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const child = startCommand(args, options);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => err.push(part));
  child.stdin.on('error', () => {}); // a command that reads no input may be gone before it is written
  child.stdin.end(options.input);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (...end) => resolve(end));
  });
  return { code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** A server started by `intramuros serve` on a free port, once it said that it is ready. */
export async function startServe(
  options: CommandOptions & { readonly args?: readonly string[] },
): Promise<
  AsyncDisposable & { readonly address: string; readonly child: ChildProcessWithoutNullStreams; output(): string }
> {
  const child = startCommand(['serve', '--port', '0', '--json', ...(options.args ?? [])], options);
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (part: Buffer) => {
    stderr += part;
  });
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => {
      stdout += part;
      const line = stdout.split('\n').find((text) => text.includes('"address"'));
      if (line !== undefined && stdout.includes('\n')) resolve((JSON.parse(line) as { address: string }).address);
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`serve ended with ${code} before it was ready: ${stderr}${stdout}`)));
  });
  return {
    address,
    child,
    output: () => stdout + stderr,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closed = new Promise((resolve) => child.on('close', resolve));
      child.kill('SIGTERM');
      await closed;
    },
  };
}
