import { z } from 'zod';
import { visibleCharacters } from '../../base/index.ts';
import { tiers } from '../../policy/index.ts';
import { LabelBody, LabelSourceBody } from '../labelling.ts';

/** Text that the database can hold: no NUL character. */
export const storable = (maximum: number): z.ZodString =>
  z
    .string()
    .max(maximum)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is exactly what is refused
    .regex(/^[^\u0000]*$/, 'wanted text without NUL characters');

/** A name in one line: something to see in it, no NUL. */
export const titleText = storable(200)
  .regex(new RegExp(`[${visibleCharacters}]`), 'wanted a title that can be seen')
  .meta({ minLength: 1 });

export const Id = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[\w-]+$/, 'wanted letters, digits, "_" and "-"');

export const Conversation = z
  .object({
    id: z.string(),
    ownerId: z.string(),
    title: z.string(),
    titleOrigin: z.enum(['auto', 'person']),
    model: z.string().optional(),
    activeLeafId: z.string().optional(),
    messageCount: z.int(),
    label: LabelBody,
    labelSources: z.array(LabelSourceBody),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Conversation' });

export const ConversationList = z
  .object({
    conversations: z.array(Conversation.extend({ snippet: z.string().optional() }).meta({ id: 'ListedConversation' })),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'ConversationList' });

export const Message = z
  .object({
    id: z.string(),
    conversationId: z.string(),
    parentId: z.string().optional(),
    role: z.enum(['system', 'user', 'assistant']),
    content: z.string(),
    thinking: z.string().optional(),
    thinkingMs: z.number().optional(),
    status: z.enum(['complete', 'generating', 'stopped', 'failed', 'interrupted']),
    endedBy: z.string().optional(),
    error: z
      .object({ code: z.string(), message: z.string(), facts: z.record(z.string(), z.unknown()).optional() })
      .optional(),
    runId: z.string().optional(),
    usage: z
      .object({
        promptTokens: z.number(),
        cachedPromptTokens: z.number(),
        completionTokens: z.number(),
        timeToFirstTokenMs: z.number(),
        tokensPerSecond: z.number(),
        contextTokens: z.number(),
      })
      .optional(),
    provenance: z
      .object({
        model: z.string(),
        tier: z.enum(tiers),
        destinationId: z.string(),
        destinationTitle: z.string(),
        country: z.string().nullable(),
        decisionId: z.string().nullable(),
        quantization: z.string(),
        tuned: z.boolean(),
        bytesSent: z.number(),
        costMicros: z.number().nullable(),
        currency: z.string().nullable(),
        masked: z
          .record(z.string(), z.int())
          .optional()
          .meta({ description: 'Where names and identifiers were replaced: how many different ones, by kind.' }),
        fellBackFrom: z.string().optional().meta({ description: 'Model that was asked for and did not answer.' }),
      })
      .optional(),
    label: LabelBody,
    labelSources: z.array(LabelSourceBody),
    createdAt: z.string(),
  })
  .meta({ id: 'Message' });
