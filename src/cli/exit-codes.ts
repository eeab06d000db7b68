/** Exit codes of every command; the help and docs/cli.md list them. */
export const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130, terminated: 143 } as const;
