import type { Provenance } from '../api/wire.ts';
import type { Say } from '../text/i18n.ts';
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
  const inside = provenance.tier === 'embedded' && provenance.bytesSent === 0;
  return (
    <button
      type="button"
      className="chip"
      data-inside={inside || undefined}
      onClick={onOpen}
      title={say('receipt.open')}
    >
      <span className="wall-tick" aria-hidden="true" />
      {whereWords(say, provenance)}
      {' · '}
      {say('where.left', { count: provenance.bytesSent, bytes: format.bytes(provenance.bytesSent) })}
    </button>
  );
}

/** The place of an answer by its name, where the record has one. */
export function whereWords(say: Say, { tier, destinationTitle, destinationId }: Provenance): string {
  if (tier === 'embedded') return say('where.here');
  const place = destinationTitle ?? destinationId;
  return place ? say('where.by', { place }) : say('where.else');
}
