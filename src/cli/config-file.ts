import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IntramurosError, settingsSchema } from '../base/index.ts';

/**
 * Sets or removes one setting in config.json, whole or not at all. The value must be one that the setting takes; the rest
 * of the file is left as it was, also where another setting is wrong, so that a broken file can be mended setting by setting.
 * @throws {IntramurosError} `config_invalid`, naming what was wanted and found.
 */
export function changeConfigFile(home: string, name: string, value: string | undefined): void {
  const schema = settingsSchema.shape[name as keyof typeof settingsSchema.shape];
  const path = join(home, 'config.json');
  const settings = readObject(path);
  if (value === undefined) delete settings[name];
  else {
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      const reason = parsed.error.issues[0]?.message ?? 'not valid';
      throw new IntramurosError('config_invalid', `Setting "${name}": ${reason}.`, { facts: { setting: name } });
    }
    settings[name] = value;
  }
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function readObject(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // said below, with what to do
  }
  throw new IntramurosError('config_invalid', `${path} is not a JSON object. Correct it or remove it.`);
}
