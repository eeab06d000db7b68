let depth = 0;

/**
 * Runs a step of the door itself, which the guard lets pass. Only what `step` does before it returns passes, so that
 * nothing else that happens meanwhile slips through.
 */
export function throughDoor<T>(step: () => T): T {
  depth += 1;
  try {
    return step();
  } finally {
    depth -= 1;
  }
}

export const isPassing = (): boolean => depth > 0;
