import type { ReactNode } from 'react';
import type { Key } from '../api/wire-house.ts';
import type { TextKey } from '../text/i18n.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { LabelBadge } from '../ui/label-badge.tsx';
import { useFormat, useSay } from '../ui/services.ts';

/** Whether a key still opens. */
export const KeyState = {
  of({ revokedAt, expiresAt }: Key, now = Date.now()): 'valid' | 'expired' | 'revoked' {
    if (revokedAt) return 'revoked';
    return expiresAt && Date.parse(expiresAt) < now ? 'expired' : 'valid';
  },
};

/** Keys, never their secret: where they may be used, and when they last were. */
export function KeyTable({
  keys,
  owner,
  acts,
}: {
  readonly keys: readonly Key[];
  /** Name of a key's person, where keys of several are shown. */
  readonly owner?: (key: Key) => string;
  readonly acts: (key: Key) => ReactNode;
}) {
  const say = useSay();
  const format = useFormat();
  const columns: readonly Column<Key>[] = [
    {
      title: say('keys.name'),
      cell: (key) => (
        <>
          <span className="entry-title">{key.name}</span>
          <span className="mono faint">{key.prefix}…</span>
        </>
      ),
    },
    ...(owner ? [{ title: say('keys.person'), cell: owner }] : []),
    { title: say('keys.scope'), cell: (key) => <Scope value={key} /> },
    { title: say('keys.used'), cell: ({ lastUsedAt }) => (lastUsedAt ? format.moment(lastUsedAt) : say('never')) },
    {
      title: say('keys.until'),
      cell: (key) => {
        const state = KeyState.of(key);
        if (state !== 'valid') return <span className="danger">{say(`key.${state}` as TextKey)}</span>;
        return key.expiresAt ? format.day(key.expiresAt) : say('keys.unending');
      },
    },
    { title: say('fact.action'), cell: acts },
  ];
  return (
    <DataTable
      label={say('account.keys')}
      rows={keys}
      keyOf={({ id }) => id}
      empty={say('keys.none')}
      columns={columns}
    />
  );
}

function Scope({ value: { models, destinations, ceiling } }: { readonly value: Key }) {
  const say = useSay();
  if (!models && !destinations && !ceiling) return <span className="faint">{say('keys.scope.all')}</span>;
  return (
    <span className="scope">
      {models ? <span className="mono">{models.join(', ')}</span> : null}
      {destinations ? <span className="mono">→ {destinations.join(', ')}</span> : null}
      {ceiling ? <LabelBadge label={ceiling} /> : null}
    </span>
  );
}
