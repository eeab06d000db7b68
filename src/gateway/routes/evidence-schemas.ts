import { z } from 'zod';

/** A text in both languages of the house. */
export const Both = z.object({ fr: z.string(), en: z.string() }).meta({ id: 'BothLanguages' });

const hash = z.string().meta({ description: 'SHA-256, hexadecimal.' });

/** Proof that a record is in the log, under a checkpoint. */
export const InclusionProofView = z
  .object({
    seq: z.int(),
    line: z.string().meta({ description: 'The record, byte for byte as it stands in the log, without the newline.' }),
    leafHash: hash.meta({ description: 'SHA-256 of a zero byte and the line.' }),
    path: z.array(hash).meta({ description: 'RFC 6962 audit path, from the leaf to the root.' }),
    checkpoint: z.string().meta({ description: 'C2SP checkpoint: a signed note of origin, size and root.' }),
  })
  .meta({ id: 'InclusionProof' });

/** Somebody outside who saw the log. */
export const AnchorView = z
  .object({
    kind: z.enum(['witness', 'timestamp']),
    name: z.string(),
    url: z.string(),
    state: z.enum(['ok', 'waiting', 'failing', 'off']).meta({
      description: '`waiting`: nothing was asked yet. `off`: this installation is offline.',
    }),
    size: z.int().nullable().meta({ description: 'Records under the newest checkpoint that it confirmed.' }),
    at: z.string().nullable().meta({ description: 'When it says that it saw it.' }),
    problem: z.string().nullable().meta({
      description:
        'Why the last try failed: `away`, `refused`, `unknown_log`, `old_size`, `bad_signature`, `inconsistent`, `untrusted`, `offline`, `broken`.',
    }),
    triedAt: z.string().nullable(),
    tries: z.int().meta({ description: 'Tries that failed since the last that did not.' }),
  })
  .meta({ id: 'AuditAnchor' });

export const standings = ['self-attested', 'witnessed', 'timestamped'] as const;

export const AuditStateView = z
  .object({
    size: z.int(),
    origin: z.string(),
    publicKey: z.string().meta({ description: 'C2SP verifier key of the log.' }),
    failure: z.string().nullable().meta({ description: 'Why nothing can be written now.' }),
    checkpoint: z.object({ size: z.int(), root: hash, at: z.string().nullable(), text: z.string() }).nullable(),
    standing: z.enum(standings).meta({
      description:
        '`witnessed`: more than half of the witnesses confirmed that the log only grew. `timestamped`: an authority dated a checkpoint. `self-attested`: nobody outside saw it.',
    }),
    anchoredSize: z.int().meta({ description: 'Records under the newest checkpoint that somebody outside confirmed.' }),
    anchors: z.array(AnchorView),
    retention: z.object({
      months: z.int().nullable().meta({ description: 'Months for which decisions are kept.' }),
      oldestAt: z.string().nullable(),
    }),
  })
  .meta({ id: 'AuditState' });

export const AuditRecordView = z
  .object({
    seq: z.int(),
    at: z.string(),
    kind: z.string(),
    actor: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditRecord' });

export const AuditVerification = z
  .object({
    ok: z.boolean(),
    records: z.int(),
    checkpoints: z.int(),
    ms: z.number(),
    problems: z.array(z.object({ seq: z.int().nullable(), code: z.string(), words: Both })),
  })
  .meta({ id: 'AuditVerification' });

/** What opens a commitment, for whoever owns what was committed to. */
const Opening = z
  .object({
    commitment: z.string(),
    nonce: z.string().meta({ description: 'Hexadecimal.' }),
    text: z.string().optional().meta({
      description:
        'What was committed to: SHA-256 of nonce and text is the commitment. Absent where it is kept no longer.',
    }),
  })
  .meta({ id: 'ReceiptOpening' });

export const ReceiptView = z
  .object({
    format: z.literal('intramuros-receipt-1'),
    message: z.string(),
    conversationId: z.string(),
    decisionId: z.string(),
    records: z.array(InclusionProofView).meta({ description: 'The decision and what became of it.' }),
    checkpoint: z.string(),
    cosignatures: z.array(z.string()).meta({ description: 'Lines of witnesses under the checkpoint.' }),
    timestamps: z.array(z.string()).meta({ description: 'RFC 3161 tokens over the checkpoint, base64.' }),
    publicKey: z.string(),
    witnesses: z.array(z.string()).meta({ description: 'Verifier keys of the witnesses that this installation asks.' }),
    opening: z
      .object({ prompt: Opening.optional(), answer: Opening.optional() })
      .meta({ description: 'Empty once the key that nonces are made from is erased.' }),
    facts: z.object({
      model: z.string(),
      modelHash: z.string().nullable(),
      tier: z.string(),
      destinationId: z.string(),
      destinationTitle: z.string(),
      country: z.string().nullable(),
      label: z.string(),
      policyVersion: z.string(),
      machine: z.string(),
      at: z.string(),
      bytesSent: z.int(),
      detectors: z.string().nullable(),
      placeholders: z.record(z.string(), z.int()),
    }),
    standing: z.enum(standings),
  })
  .meta({ id: 'AnswerReceipt' });

/** Proof that something was erased. */
export const ErasureReceipt = z
  .object({
    format: z.literal('intramuros-erasure-1'),
    subject: z.string(),
    at: z.string(),
    destroyedKeys: z.int(),
    erased: z.object({ conversations: z.int(), messages: z.int() }),
    record: InclusionProofView,
    checkpoint: z.string(),
    publicKey: z.string(),
  })
  .meta({ id: 'ErasureReceipt' });

export const HeldView = z
  .object({
    conversations: z.int(),
    messages: z.int(),
    firstAt: z.string().nullable(),
    lastAt: z.string().nullable(),
    keys: z.int(),
    sessions: z.int(),
    usageDays: z.int(),
    vaults: z.int(),
    memories: z.int(),
    auditRecords: z.int().meta({ description: 'Records of the log in which this person is the actor.' }),
    reads: z
      .array(z.object({ at: z.string(), by: z.string(), what: z.string(), reason: z.string().nullable() }))
      .meta({ description: 'Who else read something of this person, newest first.' }),
    models: z.array(
      z.object({
        model: z.string(),
        destination: z.string(),
        destinationTitle: z.string(),
        tier: z.string(),
        country: z.string().nullable(),
        answers: z.int(),
        bytesSent: z.int(),
        firstAt: z.string(),
        lastAt: z.string(),
      }),
    ),
  })
  .meta({ id: 'HeldAboutMe' });

/** What stands behind a row: a test, a setting, a page or a document of this product. */
const Basis = z
  .object({
    kind: z.enum(['test', 'setting', 'page', 'doc']),
    ref: z.string(),
    value: z.string().optional().meta({ description: 'Of a setting: what it is now.' }),
  })
  .meta({ id: 'EvidenceBasis' });

export const EvidenceRow = z
  .object({
    id: z.string(),
    title: Both,
    state: z.enum(['met', 'partly', 'not', 'organisation']),
    words: Both,
    by: z.array(Basis),
  })
  .meta({ id: 'EvidenceRow' });

export const AnssiView = z
  .object({
    title: Both,
    source: z.string(),
    at: z.string(),
    rows: z.array(EvidenceRow),
    counts: z.object({ met: z.int(), partly: z.int(), not: z.int(), organisation: z.int() }),
  })
  .meta({ id: 'AnssiEvidence' });

export const ControllerFields = z.object({
  controller: z.string(),
  contact: z.string(),
  representative: z.string(),
  dpo: z.string(),
  jointControllers: z.string(),
  purposes: z.string().meta({ description: 'Added to what the installation knows.' }),
  legalBasis: z.string(),
  retention: z.string(),
  transfers: z.string(),
});

const Recipient = z.object({
  id: z.string(),
  title: z.string(),
  tier: z.string(),
  country: z.string().nullable(),
  operatorCountry: z.string().nullable(),
  extraEuExposure: z.boolean(),
  retentionDays: z.int().nullable(),
  trainsOnData: z.boolean().nullable(),
  dpaRef: z.string().nullable(),
  answers: z.int(),
  bytesSent: z.int(),
});

export const Article30View = z
  .object({
    at: z.string(),
    sinceAt: z.string().meta({ description: 'The figures count from here.' }),
    fields: ControllerFields.meta({ id: 'Article30Fields' }),
    changedAt: z.string().nullable(),
    changedBy: z.string().nullable(),
    purposes: z.array(Both),
    subjects: z.array(Both),
    categories: z.array(z.object({ title: Both, count: z.int().nullable(), retention: Both })),
    recipients: z.array(Recipient),
    labels: z.array(z.object({ level: z.string(), answers: z.int() })),
    security: z.array(z.object({ title: Both, by: z.array(Basis) })),
  })
  .meta({ id: 'Article30Record' });
