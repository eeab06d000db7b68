import { type OpenContextOptions, openContext } from './context.ts';
import type { Library } from './library.ts';
import type { BufferSizes } from './memory.ts';
import { type NativeModel, openModel } from './model.ts';

/** What a model would take, from the library's own allocation plan: nothing is read but the file's description. */
export async function predictMemory(
  library: Library,
  options: { readonly file: string; readonly context: (model: NativeModel) => OpenContextOptions },
): Promise<BufferSizes> {
  const model = await openModel(library, { file: options.file, dryRun: true });
  try {
    const context = await openContext(model, options.context(model));
    context.close();
    return context.buffers;
  } finally {
    model.close();
  }
}
