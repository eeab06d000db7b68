import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Audit, AuditRecord, InclusionProof } from '../../audit/index.ts';
import { IntramurosError } from '../../base/index.ts';
import type { Conversations, Message } from '../../conversations/index.ts';
import {
  type Commitments,
  type Committed,
  type CommittedPart,
  promptBytes,
  toChatMessages,
} from '../../flows/index.ts';
import type { Standing } from '../anchors/anchors.ts';

/** What opens a commitment. */
export interface Opening {
  readonly commitment: string;
  readonly nonce: string;
  /** SHA-256 of nonce and text is the commitment. Absent when it was changed or deleted since. */
  readonly text?: string;
}

/** What was said of an answer when it was made, that a stranger can verify without this installation. */
export interface Receipt {
  readonly format: 'intramuros-receipt-1';
  readonly message: string;
  readonly conversationId: string;
  readonly decisionId: string;
  readonly records: readonly InclusionProof[];
  readonly checkpoint: string;
  readonly cosignatures: readonly string[];
  readonly timestamps: readonly string[];
  readonly publicKey: string;
  readonly witnesses: readonly string[];
  /** Nothing of what there is no key for any more. */
  readonly opening: { readonly prompt?: Opening; readonly answer?: Opening };
  readonly facts: Readonly<Record<string, unknown>>;
  readonly standing: Standing;
}

export interface ReceiptParts {
  readonly audit: Audit;
  readonly commitments: Commitments;
  readonly witnesses: readonly string[];
  /** Waits, not for long, for anchors that are being asked. */
  readonly settled: () => Promise<void>;
  /** How far the anchors of one checkpoint go. */
  readonly standingOf: (cosignatures: readonly string[], timestamps: readonly string[]) => Standing;
}

// An outcome is written with the next flush, at the latest after some 25 ms.
const outcomeTries = 80;
const outcomeTryMs = 25;

/**
 * The receipt of an answer, for its owner alone: they are the one whose conversations are looked in, and whose key opens.
 * @throws {IntramurosError} `message_not_found`; `not_found` for a message that went nowhere.
 */
export async function makeReceipt(
  { audit, commitments, witnesses, settled, standingOf }: ReceiptParts,
  owner: { readonly personId: string; readonly conversations: Conversations },
  messageId: string,
): Promise<Receipt> {
  const conversationId = await owner.conversations.locate(messageId);
  const branch = await owner.conversations.branch(conversationId, messageId);
  const message = branch.at(-1);
  const decisionId = message?.provenance?.decisionId ?? null;
  if (!message || decisionId === null) throw noReceipt(messageId);
  const { decision, outcome } = await findBoth(audit, decisionId);
  if (!decision) throw noReceipt(messageId);
  const found = outcome ? [decision, outcome] : [decision];
  await audit.prove((found.at(-1) as AuditRecord).seq); // makes the checkpoint that all are proven under
  await settled();
  const records = await Promise.all(found.map(({ seq }) => audit.prove(seq)));
  const checkpoint = records.at(-1)?.checkpoint ?? '';
  const { cosignatures, timestamps } = anchorsOf(audit, checkpoint);
  await commitments.ready(owner.personId);
  const about = { personId: owner.personId, decisionId, salt: messageId };
  return {
    format: 'intramuros-receipt-1',
    message: messageId,
    conversationId,
    decisionId,
    records,
    checkpoint,
    cosignatures,
    timestamps,
    publicKey: audit.publicKey,
    witnesses,
    opening: openingOf(commitments, about, outcome, branch),
    facts: factsOf(message, decision, outcome),
    standing: standingOf(cosignatures, timestamps),
  };
}

function noReceipt(messageId: string): IntramurosError {
  const words = `Message "${messageId.slice(0, 60)}" has no receipt: it was sent to no model, or is still being written.`;
  return new IntramurosError('not_found', words, { facts: { message: messageId.slice(0, 60) } });
}

async function findBoth(audit: Audit, decisionId: string): ReturnType<Audit['find']> {
  for (let left = outcomeTries; ; left -= 1) {
    const found = await audit.find(decisionId);
    if (found.outcome || left === 0) return found;
    await sleep(outcomeTryMs);
  }
}

/** What anchors said of the checkpoint of a proof: nothing, when a newer one came since. */
export function anchorsOf(audit: Pick<Audit, 'latest'>, checkpoint: string) {
  const { latest } = audit;
  const isSame = latest !== undefined && bodyOf(latest.note) === bodyOf(checkpoint);
  return { cosignatures: isSame ? latest.cosignatures : [], timestamps: isSame ? latest.timestamps : [] };
}

const bodyOf = (note: string): string => note.slice(0, note.indexOf('\n\n'));

function openingOf(
  commitments: Commitments,
  about: Committed,
  outcome: AuditRecord | undefined,
  branch: readonly Message[],
): Receipt['opening'] {
  const open = (part: CommittedPart, text: string): { readonly [part in CommittedPart]?: Opening } => {
    const commitment = outcome?.data[`${part}Commitment`];
    const nonce = typeof commitment === 'string' ? commitments.nonce(about, part) : undefined;
    if (typeof commitment !== 'string' || !nonce) return {};
    const made = createHash('sha256').update(nonce).update(text).digest('hex');
    return { [part]: { commitment, nonce: nonce.toString('hex'), ...(made === commitment && { text }) } };
  };
  const asked = { kind: 'chat' as const, messages: toChatMessages(branch.slice(0, -1)) };
  return { ...open('prompt', promptBytes(asked)), ...open('answer', branch.at(-1)?.content ?? '') };
}

function factsOf(
  { provenance }: Message,
  decision: AuditRecord,
  outcome: AuditRecord | undefined,
): Readonly<Record<string, unknown>> {
  const place = decision.data.destination as Readonly<Record<string, unknown>>;
  const told = outcome?.data ?? {};
  const masked = told.masked as { readonly counts: object; readonly detector: string } | undefined;
  return {
    model: String(told.model ?? provenance?.model ?? decision.data.model ?? ''),
    modelHash: told.modelHash ?? null,
    tier: String(place.tier),
    destinationId: String(place.id),
    destinationTitle: String(place.title),
    country: place.country ?? null,
    label: String(told.label ?? ''),
    policyVersion: String(decision.data.policyVersion),
    machine: String(told.machine ?? ''),
    at: decision.at,
    bytesSent: Number(told.sentBytes ?? 0),
    detectors: masked?.detector ?? null,
    placeholders: masked?.counts ?? {},
  };
}
