import { useState } from 'react';
import { useSave } from '../form/use-save.ts';
import { KeyState, KeyTable } from '../house/key-table.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { ReadState } from '../ui/read-state.tsx';
import { useSay } from '../ui/services.ts';
import { useRead } from '../ui/use-read.ts';
import { ListHead, Narrow } from './detail.tsx';
import { useHouse } from './house-client.ts';

/** Everybody's keys: whose, how far they reach, when they were used; revoked here, made by their person. */
export default function KeysSection() {
  const say = useSay();
  const house = useHouse();
  const keys = useRead('keys', house.keys);
  const people = useRead('people', house.people);
  const save = useSave();
  const [query, setQuery] = useState('');
  const owner = (personId: string): string => {
    const person = people.value?.find(({ id }) => id === personId);
    return person ? person.displayName || person.name : personId;
  };
  const wanted = query.trim().toLowerCase();
  const revoke = (id: string) =>
    save.run(async () => {
      await house.revokeKey(id);
      keys.again();
    }, 'keys.revoked');
  return (
    <>
      <ListHead title={say('section.keys')} lead={say('keys.lead')} />
      <Narrow label={say('keys.search')} value={query} onValue={setQuery} />
      {save.problem ? <ProblemNote problem={save.problem} /> : null}
      <ReadState reading={keys}>
        {(all) => (
          <KeyTable
            keys={all.filter(({ name, prefix, personId }) =>
              `${name} ${prefix} ${owner(personId)}`.toLowerCase().includes(wanted),
            )}
            owner={({ personId }) => owner(personId)}
            acts={(key) =>
              KeyState.of(key) === 'revoked' ? null : (
                <button
                  type="button"
                  className="act danger"
                  aria-label={say('keys.revoke.one', { name: key.name })}
                  onClick={() => void revoke(key.id)}
                >
                  {say('keys.revoke')}
                </button>
              )
            }
          />
        )}
      </ReadState>
    </>
  );
}
