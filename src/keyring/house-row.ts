import type { Clock } from '../base/index.ts';
import type { Database } from '../store/index.ts';
import type { Key } from './cipher.ts';
import { keyUnavailable } from './failure.ts';

/**
 * The house key, which must be the one that this database knows; the first one becomes that.
 * @param read reads the key; it may make one only where none is known.
 */
export async function keyOfHouse(
  database: Pick<Database, 'query'>,
  clock: Clock,
  read: (mayMake: boolean) => Promise<Key>,
): Promise<Key> {
  const known = async (): Promise<string | undefined> =>
    (await database.query<{ id: string }>('SELECT id FROM house_keys'))[0]?.id;
  const before = await known();
  const key = await read(before === undefined);
  if (before === undefined) {
    await database.query('INSERT INTO house_keys (one, id, made_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING', [
      key.id,
      new Date(clock.now()).toISOString(),
    ]);
  }
  const id = before ?? (await known());
  if (id === key.id) return key;
  throw keyUnavailable(
    `The house key is another one (${key.id}) than the one that this installation's keys are wrapped by (${id})`,
    'other_key',
    { found: key.id, wanted: id ?? '' },
  );
}
