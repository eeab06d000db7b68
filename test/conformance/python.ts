import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** Where suites are unpacked; ignored by git. */
export const workFolder = join(root, '.conformance');

/** Runs a program with its output shown, and gives its exit code. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', reject).on('exit', (code) => resolve(code ?? 1));
  });
}

async function must(command: string, args: readonly string[]): Promise<void> {
  const code = await run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.slice(0, 3).join(' ')} … ended with ${code}.`);
}

/** A Python environment with exactly the packages of a lock file (hashes checked); made once. */
export async function environment(suite: string, lockFolder = import.meta.dirname): Promise<string> {
  const requirements = join(lockFolder, `${suite}.requirements.txt`);
  const mark = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const folder = join(workFolder, suite, 'venv');
  const markFile = join(folder, 'installed');
  const bin = join(folder, 'bin');
  if (existsSync(markFile) && readFileSync(markFile, 'utf8') === mark) return bin;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(workFolder, suite), { recursive: true });
  process.stdout.write(`Making the Python environment of ${suite}…\n`);
  await must('python3', ['-m', 'venv', folder]);
  await must(join(bin, 'pip'), ['install', '--quiet', '--require-hashes', '--requirement', requirements]);
  writeFileSync(markFile, mark);
  return bin;
}

/** A source package, fetched by pip, checked against its hash and unpacked; done once. */
export async function sources(
  suite: string,
  about: { readonly package: string; readonly version: string; readonly file: string; readonly sha256: string },
): Promise<string> {
  const folder = join(workFolder, suite, `${about.package}-${about.version}`);
  if (existsSync(folder)) return folder;
  const download = join(workFolder, suite, 'download');
  mkdirSync(download, { recursive: true });
  const name = `${about.package}==${about.version}`;
  await must('python3', [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--no-binary',
    ':all:',
    '--dest',
    download,
    name,
  ]);
  const archive = join(download, about.file);
  const found = createHash('sha256').update(readFileSync(archive)).digest('hex');
  if (found !== about.sha256) throw new Error(`${about.file} has sha256 ${found}; the lock wants ${about.sha256}.`);
  const unpacked = join(download, 'unpacked');
  mkdirSync(unpacked, { recursive: true });
  await must('tar', ['-xzf', archive, '-C', unpacked]);
  renameSync(join(unpacked, `${about.package}-${about.version}`), folder);
  return folder;
}
