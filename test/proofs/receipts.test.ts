import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestGateway, type TestGateway } from '../parts/test-gateway.ts';
import { startWitness } from '../parts/witness-server.ts';

const full = process.env.INTRAMUROS_TEST_SUMMARY === undefined;
const tool = join(import.meta.dirname, '..', '..', 'tools', 'verify-log.mjs');

interface Kept {
  readonly standing: string;
  readonly opening: { readonly answer?: { readonly text?: string } };
  readonly records: readonly { readonly line: string; readonly checkpoint: string }[];
}

async function ask(gateway: TestGateway, content: string): Promise<Kept> {
  const made = await gateway.ask('/api/conversations', { method: 'POST', body: {} });
  const { id } = (await made.json()) as { id: string };
  await (
    await gateway.ask(`/api/conversations/${id}/answers`, { body: { kind: 'ask', parentId: null, content } })
  ).text();
  const { messages } = (await (await gateway.ask(`/api/conversations/${id}/messages`)).json()) as {
    messages: { id: string }[];
  };
  const receipt = await gateway.ask(`/api/messages/${messages.at(-1)?.id}/receipt`);
  assert.equal(receipt.status, 200);
  return (await receipt.json()) as Kept;
}

test('receipts verify in another process with one file and a witness’s key; spoiled ones do not', async () => {
  let witness: Awaited<ReturnType<typeof startWitness>> | undefined;
  await using gateway = await openTestGateway({
    conversations: true,
    async anchors({ publicKey }) {
      witness = await startWitness(publicKey);
      const none = { auditTimestampUrl: undefined, auditTimestampCaFile: undefined, auditTimestampEvery: 3_600_000 };
      return { auditWitnesses: witness.setting, ...none };
    },
  });
  assert.ok(witness);
  await using seen = witness;
  const verify = (receipt: unknown, ...more: readonly string[]): number | null => {
    const file = join(gateway.home, 'receipt.json');
    writeFileSync(file, JSON.stringify(receipt));
    return spawnSync(process.execPath, [tool, file, '--key', gateway.audit.publicKey, ...more]).status;
  };
  const answers = full ? 20 : 2;
  let verified = 0;
  let refused = 0;
  for (let n = 0; n < answers; n += 1) {
    const receipt = await ask(gateway, `Question number ${n} about Héloïse`);
    assert.equal(receipt.standing, 'witnessed');
    assert.equal(verify(receipt, '--witness', seen.key), 0, 'a stranger verifies it, and that a witness saw it');
    verified += 1;
    const spoiled = {
      ...receipt,
      records: receipt.records.map((one) => ({ ...one, line: one.line.replace('"actor":"', '"actor":"x') })),
    };
    const other = {
      ...receipt,
      opening: { ...receipt.opening, answer: { ...receipt.opening.answer, text: 'Never.' } },
    };
    for (const changed of [spoiled, other, withoutWitness(receipt)]) {
      assert.equal(verify(changed, '--witness', seen.key), 1);
      refused += 1;
    }
  }
  console.log(
    `PROOF receipts ${verified} receipts verified by the one file in another process, each with a witness’s cosignature; ${refused} spoiled ones refused`,
  );
});

/** The receipt as if nobody outside had seen it. */
function withoutWitness(receipt: Kept): unknown {
  const cut = (note: string): string => note.replaceAll(/^— witness\..*\n/gmu, '');
  const records = receipt.records.map((one) => ({ ...one, checkpoint: cut(one.checkpoint) }));
  return { ...receipt, records, cosignatures: [] };
}
