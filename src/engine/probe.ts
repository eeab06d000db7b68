import { toProblem } from '../base/index.ts';

/** What the inference libraries of this machine say of themselves, or why they cannot be used. */
export type EngineProbe = { readonly version: string; readonly directory: string } | { readonly problem: string };

/**
 * Loads the libraries in this process, with all the checks of a real start. For `doctor`, which calls it in a process of
 * its own: a native fault must not end more than that.
 */
export async function probeEngine(): Promise<EngineProbe> {
  try {
    const { openLibrary } = await import('./native/index.ts');
    const { version, directory } = openLibrary();
    return { version, directory };
  } catch (error) {
    const known = toProblem(error);
    return { problem: known.code === 'internal' ? String((error as Error).message) : known.message };
  }
}
