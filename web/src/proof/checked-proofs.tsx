import { useEffect, useState } from 'react';
import type { InclusionProof } from '../api/wire-evidence.ts';
import { useSay } from '../ui/services.ts';
import { type Checked, checkProof } from './check-proof.ts';

/** The worst first: one that fails is what is said of all. */
const order: readonly Checked[] = ['broken', 'unable', 'unsigned', 'verified'];

/** Computes proofs again in this page, and says in words and shape what came of it. */
export function CheckedProofs({
  proofs,
  publicKey,
}: {
  readonly proofs: readonly InclusionProof[];
  readonly publicKey: string;
}) {
  const say = useSay();
  const [checked, setChecked] = useState<Checked>();
  useEffect(() => {
    let gone = false;
    void Promise.all(proofs.map((proof) => checkProof(proof, publicKey))).then((all) => {
      if (!gone) setChecked(order.find((one) => all.includes(one)) ?? 'broken');
    });
    return () => {
      gone = true;
    };
  }, [proofs, publicKey]);
  return (
    <p className="checked" data-checked={checked} role={checked === 'broken' ? 'alert' : undefined}>
      {say(checked ? `checked.${checked}` : 'proof.reading')}
    </p>
  );
}
