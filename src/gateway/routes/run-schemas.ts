import { z } from 'zod';
import { LabelBody } from '../labelling.ts';

const By = z
  .object({
    run: z.string(),
    parent: z.string().optional(),
    step: z.string(),
    model: z.string(),
    site: z.string(),
    attempt: z.int(),
  })
  .meta({ id: 'By', description: 'Which step, of which run, on which model and machine an event comes from.' });

export const Why = z.enum(['stop', 'length', 'tool', 'cancelled', 'failed', 'denied', 'budget', 'timeout']);

export const RunUsage = z
  .object({
    promptTokens: z.number(),
    cachedPromptTokens: z.number(),
    completionTokens: z.number(),
    thinkingTokens: z.number(),
    queueMs: z.number(),
    promptMs: z.number(),
    generationMs: z.number(),
    timeToFirstTokenMs: z.number().optional(),
    contextUsedTokens: z.number(),
    contextTokens: z.number(),
    bytesSent: z.number(),
    costMicros: z.number().optional(),
    currency: z.string().optional(),
  })
  .meta({ id: 'RunUsage' });

/** The events of a run, by the name each has in the stream. */
export const runEvents = {
  open: z.object({ t: z.literal('open'), by: By, label: LabelBody, at: z.number() }),
  note: z.object({ t: z.literal('note'), by: By, kind: z.string(), data: z.unknown() }),
  think: z.object({ t: z.literal('think'), by: By, s: z.string(), choice: z.int() }),
  text: z.object({ t: z.literal('text'), by: By, s: z.string(), out: z.boolean(), choice: z.int() }),
  finish: z.object({ t: z.literal('finish'), by: By, choice: z.int(), why: Why, stopSequence: z.string().optional() }),
  close: z.object({
    t: z.literal('close'),
    by: By,
    why: Why,
    use: RunUsage,
    error: z.object({ code: z.string(), message: z.string(), facts: z.record(z.string(), z.unknown()) }).optional(),
  }),
} as const;

export const Receipt = z
  .object({
    id: z.string(),
    state: z.enum(['running', 'closed']),
    conversationId: z.string().nullable(),
    messageId: z.string().nullable(),
    startedAt: z.string(),
    closedAt: z.string().nullable(),
    events: z.int(),
    why: Why.nullable(),
    usage: RunUsage.nullable(),
    steps: z.array(z.object({ name: z.string(), ms: z.number() })),
  })
  .meta({ id: 'RunReceipt' });
