import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAudit } from '../src/audit/index.ts';
import { silentLog, systemClock } from '../src/base/index.ts';
import { checkProof } from '../web/src/proof/check-proof.ts';

test('a proof of the real log is verified for every place in it, and a changed one is not', async () => {
  const home = await mkdtemp(join(tmpdir(), 'intramuros-proof-'));
  try {
    await using audit = await openAudit({ home, clock: systemClock, log: silentLog() });
    for (let at = 0; at < 11; at += 1)
      await audit.append({ kind: 'system', actor: 'system', data: { what: `é ${at}` } });
    for (let seq = 0; seq < audit.size; seq += 1) {
      const proof = await audit.prove(seq);
      assert.equal(await checkProof(proof, audit.publicKey), 'verified', `record ${seq}`);
      const other = await audit.prove((seq + 1) % audit.size);
      for (const [name, changed] of Object.entries({
        line: { ...proof, line: proof.line.replace('é', 'e') },
        leaf: { ...proof, line: proof.line.replace('é', 'e'), leafHash: other.leafHash },
        place: { ...proof, seq: (seq + 1) % audit.size },
        path: { ...proof, path: proof.path.slice(1) },
        root: { ...proof, checkpoint: proof.checkpoint.replace(/\n(\d+)\n/, '\n12\n') },
        signature: {
          ...proof,
          checkpoint: proof.checkpoint.replace(/(— \S+ \S{10})./, '$1A').replace(/AA=*\n/, 'BB==\n'),
        },
        note: { ...proof, checkpoint: 'no note' },
      }))
        if (JSON.stringify(changed) !== JSON.stringify(proof))
          assert.equal(await checkProof(changed, audit.publicKey), 'broken', `${name} of record ${seq}`);
    }
    const proof = await audit.prove(0);
    assert.equal(await checkProof(proof, 'no key'), 'broken');
    assert.equal(await checkProof(proof, audit.publicKey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')), 'broken');
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
