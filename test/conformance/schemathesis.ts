import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { environment, run, workFolder } from './python.ts';

/**
 * Requests generated from our own OpenAPI document, valid and broken, and every reply held against it.
 * @returns the exit code of schemathesis: 0 when nothing failed.
 */
export async function runSchemathesis(options: {
  readonly address: string;
  readonly consoleToken: string | undefined;
  readonly examples: number;
  readonly more: readonly string[];
}): Promise<number> {
  const bin = await environment('schemathesis');
  const folder = join(workFolder, 'schemathesis');
  rmSync(join(folder, '.hypothesis'), { recursive: true, force: true });
  return run(
    join(bin, 'schemathesis'),
    [
      '--config-file',
      join(import.meta.dirname, 'schemathesis.toml'),
      'run',
      `${options.address}/openapi.json`,
      '--phases',
      'examples,coverage,fuzzing,stateful',
      '--checks',
      'all',
      '--max-examples',
      String(options.examples),
      '--seed',
      '1',
      '--workers',
      '1',
      // How quickly examples are made says something of this machine, nothing of the server.
      '--suppress-health-check',
      'too_slow',
      ...(options.consoleToken === undefined ? [] : ['--header', `Authorization: Bearer ${options.consoleToken}`]),
      ...options.more,
    ],
    { cwd: folder },
  );
}
