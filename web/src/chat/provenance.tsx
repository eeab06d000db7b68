import type { Provenance } from '../api/wire.ts';
import { useFormat, useSay } from '../ui/services.ts';

/** Where an answer was computed and what left for it, from the answer's own record; opens the receipt. */
export function ProvenanceChip({
  provenance,
  onOpen,
}: {
  readonly provenance: Provenance;
  readonly onOpen: () => void;
}) {
  const say = useSay();
  const format = useFormat();
  const inside = provenance.bytesSent === 0;
  return (
    <button
      type="button"
      className="chip"
      data-inside={inside || undefined}
      onClick={onOpen}
      title={say('receipt.open')}
    >
      <span className="wall-tick" aria-hidden="true" />
      {say(provenance.tier === 'embedded' ? 'where.here' : 'where.else')}
      {' · '}
      {say('where.left', { count: provenance.bytesSent, bytes: format.bytes(provenance.bytesSent) })}
    </button>
  );
}
