import type { Person } from '../api/wire-house.ts';
import { useSay, useServices } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import { useHouse } from './house-client.ts';

const nobody: readonly Person[] = [];

/** The people of the installation, for whoever may see them. */
export function usePeople(): readonly Person[] {
  const house = useHouse();
  const { session } = useServices();
  const may = session.can('admin.people');
  return useRead(`people ${may}`, async () => (may ? house.people() : nobody)).value ?? nobody;
}

/** The name behind an identifier; the identifier itself for whoever may not see people, or somebody who is gone. */
export function useNames(): (id: string) => string {
  const say = useSay();
  const people = usePeople();
  const names = new Map(people.map(({ id, name, displayName }) => [id, displayName || name]));
  return (id) => names.get(id) ?? (id === 'local' ? say('account.owner') : id);
}
