import { z } from 'zod';
import { tiers } from '../../policy/index.ts';
import { endpoint } from '../http/endpoint.ts';
import { callerOf, LabelBody, LabelSourceBody, labelLine, readLabel } from '../labelling.ts';
import { Id } from './conversation-schemas.ts';

const Choice = z
  .object({
    model: z.string(),
    title: z.string(),
    tier: z.enum(tiers),
    destinationId: z.string(),
    destinationTitle: z.string(),
    country: z.string().nullable(),
    effect: z.enum(['allow', 'deny']),
    masked: z
      .literal(true)
      .optional()
      .meta({ description: 'Allowed with names and identifiers replaced on the way, and put back in the answer.' }),
    reason: z.string().meta({ description: 'Stable word; pages translate by it.' }),
    words: z.string(),
    nearest: z.literal(true).optional().meta({ description: 'The one to take when the chosen one may not answer.' }),
    installed: z.boolean(),
  })
  .meta({ id: 'Choice' });

export const listChoices = endpoint({
  operationId: 'choices.list',
  method: 'GET',
  path: '/api/choices',
  tag: 'Conversations',
  summary: {
    en: 'What may answer now, and why the rest may not: every model, installed or upstream, under a label.',
    fr: 'Ce qui peut répondre maintenant, et pourquoi le reste ne le peut pas : chaque modèle, installé ou distant, sous un marquage.',
  },
  dialect: 'native',
  query: z.object({
    conversation: Id.optional().meta({ description: 'Its mark and what was said in it count.' }),
    label: labelLine(1_000).optional().meta({ description: 'Raises: `SENSIBLE; mentions=PII; compartments=rh`.' }),
  }),
  replies: {
    200: z
      .object({ label: LabelBody, sources: z.array(LabelSourceBody), choices: z.array(Choice) })
      .meta({ id: 'Choices' }),
  },
  errors: ['conversation_not_found', 'policy_unavailable', 'database_unavailable'],
  async handle({ query: { conversation, label } }, context) {
    const given = label === undefined ? undefined : readLabel(label, 'label');
    const found = await context.rooms.answers.choices(callerOf(context, given), { conversationId: conversation });
    const choices = found.choices.map(({ destination, nearest, masked, ...choice }) => ({
      ...choice,
      tier: destination.tier,
      destinationId: destination.id,
      destinationTitle: destination.title,
      country: destination.country ?? null,
      ...(masked && { masked: true as const }),
      ...(nearest && { nearest }),
    }));
    return { json: { label: found.label, sources: found.sources, choices } };
  },
});
