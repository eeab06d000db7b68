import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import { IntramurosError } from '../../base/index.ts';
import { checkCanaries, expectedVersion } from './canaries.ts';
import { type Api, declareApi } from './declarations.ts';
import { type NativeLog, openNativeLog } from './native-log.ts';

/** The loaded libraries, with what they say about themselves. */
export interface Library {
  readonly api: Api;
  readonly log: NativeLog;
  readonly directory: string;
  readonly version: string;
  /** True when nothing but this machine's processor computes. */
  readonly processorOnly: boolean;
}

let loaded: Library | undefined;

/**
 * Loads libllama once for this process: global symbols, the compute library that suits this processor, and the checks
 * that its structures lie where `declarations.ts` says.
 * @throws {IntramurosError} `engine_unavailable` when the libraries are missing or of another version.
 */
export function openLibrary(options: { readonly directory?: string } = {}): Library {
  if (loaded) return loaded;
  const directory = options.directory ?? findLibraryDirectory();
  const files = readdirSync(directory);
  const open = (name: string): LibraryHandle =>
    koffi.load(join(directory, libraryFile(files, name, directory)), { global: true });
  const [base, ggml, llama] = [open('ggml-base'), open('ggml'), open('llama')];
  const api = declareApi({ base, ggml, llama });
  const version = api.llama_version();
  if (version !== expectedVersion) throw wrongLibrary(`version ${version}, wanted ${expectedVersion}`, directory);
  const problem = checkCanaries(api);
  if (problem) throw wrongLibrary(problem, directory);
  const log = openNativeLog(api);
  api.llama_backend_init();
  api.ggml_backend_load_all_from_path(directory);
  if (api.ggml_backend_reg_count() === 0) {
    throw wrongLibrary(`no compute library in it runs on this processor (${process.arch})`, directory);
  }
  loaded = { api, log, directory, version, processorOnly: api.ggml_backend_reg_count() === 1 };
  return loaded;
}

/** Folder of the prebuilt libraries for this machine, from the optional package of its platform. */
export function findLibraryDirectory(platform: string = process.platform, arch: string = process.arch): string {
  const names = packageNames(platform, arch);
  const require = createRequire(import.meta.url);
  for (const name of names) {
    try {
      return join(dirname(require.resolve(`@node-llama-cpp/${name}`)), '..', 'bins', name);
    } catch (error) {
      if (!['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
    }
  }
  throw new IntramurosError(
    'engine_unavailable',
    `The inference libraries for ${platform} ${arch} are not installed (wanted the package ` +
      `${names.map((name) => `@node-llama-cpp/${name}`).join(' or ') || 'of a platform that has one'}). ` +
      'Run "npm install" again with optional dependencies, or use a machine of a supported platform.',
    { facts: { platform, arch } },
  );
}

function packageNames(platform: string, arch: string): readonly string[] {
  if (platform === 'darwin') return arch === 'arm64' ? ['mac-arm64-metal'] : ['mac-x64'];
  if (platform === 'win32') return [`win-${arch}`];
  return platform === 'linux' ? [arch === 'arm' ? 'linux-armv7l' : `linux-${arch}`] : [];
}

/** `libllama.v0.5.0.so`, `libllama.dylib`, `llama.dll`: one name, spelt as the platform and the build do. */
export function libraryFile(files: readonly string[], name: string, directory: string): string {
  const pattern = new RegExp(`^(?:lib)?${name}(?:\\.v?\\d+(?:\\.\\d+)*)?\\.(?:so|dylib|dll)(?:\\.\\d+)*$`);
  const found = files.filter((file) => pattern.test(file)).sort((a, b) => b.length - a.length)[0];
  if (found === undefined) throw wrongLibrary(`it has no ${name} library`, directory);
  return found;
}

function wrongLibrary(found: string, directory: string): IntramurosError {
  return new IntramurosError(
    'engine_unavailable',
    `The inference libraries in ${directory} are not the ones this program was built for: ${found}. ` +
      'Run "npm ci" to get the pinned version.',
    { facts: { wanted: expectedVersion } },
  );
}
