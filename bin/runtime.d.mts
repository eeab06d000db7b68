/** Flags that the program runs with. */
export const runtimeFlags: readonly string[];
