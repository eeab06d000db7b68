import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { splitNames } from '../gguf/index.ts';

/** True for a file that can be a whole model, or the first of its parts. */
export function isModelFile(path: string): boolean {
  const name = basename(path);
  if (!/\.gguf$/i.test(name) || /^mmproj|[._-]mmproj|imatrix/i.test(name)) return false;
  const parts = splitNames(name);
  return parts === undefined || parts[0] === name;
}

/** `SmolLM2-135M-Instruct-Q4_K_M.gguf` → `Q4_K_M`: the last part that looks like a format. */
export function quantizationInName(path: string): string | undefined {
  const name = basename(path).replace(/-\d{5}-of-\d{5}/, '');
  return [...name.matchAll(/(?:^|[._-])((?:UD-)?(?:I?Q\d\w*|BF16|F16|F32|MXFP4\w*|TQ\d_\d))(?=[.-]|$)/gi)]
    .at(-1)?.[1]
    ?.toUpperCase();
}

/** Size of a file, following links; undefined when it is not there. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined, // a link to nowhere
  );
}

/** The name under which a repository's file is known here and can be pulled. */
export function repositoryId(repository: string, path: string): string {
  const quantization = quantizationInName(path);
  return quantization === undefined ? `hf.co/${repository}/${basename(path)}` : `hf.co/${repository}:${quantization}`;
}
