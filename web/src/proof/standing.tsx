import type { Standing as Of } from '../api/wire-evidence.ts';
import { useSay } from '../ui/services.ts';

/** Who outside saw the log: as many battlements as there are guarantees. */
export function Standing({ standing }: { readonly standing: Of }) {
  const say = useSay();
  return (
    <div className="standing" data-standing={standing}>
      <p className="standing-what">{say(`standing.${standing}`)}</p>
      <p className="fine">{say(`standing.${standing}.help`)}</p>
    </div>
  );
}
