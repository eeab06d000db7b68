import { z } from 'zod';
import { fromProblem, IntramurosError } from '../../base/index.ts';
import type { AnswerTarget } from '../../conversations/index.ts';
import type { LoggedEvent, Turn } from '../../flows/index.ts';
import { nativeStream } from '../dialects/sse.ts';
import { endpoint } from '../http/endpoint.ts';
import { asConflict } from '../http/missing.ts';
import { callerOf, GivenLabel, runsOf, SentWatch } from '../labelling.ts';
import type { GatewayRooms } from '../rooms.ts';
import { Id, storable } from './conversation-schemas.ts';
import { Receipt, runEvents } from './run-schemas.ts';

const Sampling = z
  .strictObject({
    temperature: z.number().min(0).max(2).optional(),
    topP: z.number().min(0).max(1).optional(),
    topK: z.int().min(0).optional(),
    minP: z.number().min(0).max(1).optional(),
    repeatPenalty: z.number().min(0).max(10).optional(),
    repeatLastN: z.int().min(-1).optional(),
    frequencyPenalty: z.number().min(-2).max(2).optional(),
    presencePenalty: z.number().min(-2).max(2).optional(),
    seed: z.int().optional(),
    maxTokens: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'Thinking included; absent: the setting `answerTokens`.' }),
    thinking: z.boolean().optional().meta({ description: 'For models that can switch thinking.' }),
  })
  .meta({ id: 'Sampling' });

const model = storable(500).min(1).optional();
const label = GivenLabel.optional().meta({
  description: 'Raises the label of this question, and so the conversation’s.',
});
const sampling = Sampling.optional();
const AnswerRequest = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('ask'),
      parentId: Id.nullable().meta({
        description: 'The answer that is followed; null begins. An edit has the parent of the edited one.',
      }),
      content: z
        .string()
        .regex(/[\u0021-\u007e\u00a1-\u1fff\u3001-\ud7ff]|[\ud83c-\ud83e]/, 'wanted a question that can be seen')
        .meta({ pattern: '[\\u0021-\\u007e\\u00a1-\\u1fff\\u3001-\\ud7ff]' }),
      model,
      sampling,
      label,
    }),
    z.strictObject({ kind: z.literal('regenerate'), messageId: Id, model, sampling, label }),
    z.strictObject({ kind: z.literal('continue'), messageId: Id, sampling, label }),
  ])
  .meta({ id: 'AnswerRequest' });

type AnswerBody = z.output<typeof AnswerRequest>;

function toTarget(conversationId: string, body: AnswerBody): AnswerTarget {
  if (body.kind !== 'ask') return { kind: body.kind, conversationId, messageId: body.messageId };
  return { kind: 'ask', conversationId, parentId: body.parentId ?? undefined, content: body.content };
}

function toTurn(
  conversationId: string,
  body: AnswerBody,
  named: string | undefined,
  { caller, usualTokens }: Pick<Turn, 'caller' | 'usualTokens'>,
): Turn {
  const { maxTokens, thinking, ...options } = body.sampling ?? {};
  const sampling = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return {
    caller,
    ...(named === undefined ? {} : { model: named }),
    input: {
      kind: 'conversation',
      target: toTarget(conversationId, body),
      ...(thinking === undefined ? {} : { thinking }),
    },
    sampling,
    ...(maxTokens === undefined ? { usualTokens } : { maxTokens }),
  };
}

async function* toItems(
  events: AsyncIterable<LoggedEvent>,
): AsyncGenerator<{ event: string; data: unknown; id: number }> {
  for await (const { offset, event } of events) yield { event: event.t, data: event, id: offset };
}

/** Waits until the question is stored and it is decided where it may go, so that what cannot begin at all answers with its own status. */
async function accepted(events: AsyncIterable<LoggedEvent>, watch: SentWatch): Promise<AsyncIterable<LoggedEvent>> {
  const iterator = events[Symbol.asyncIterator]();
  const held: LoggedEvent[] = [];
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    const { event } = next.value;
    if (event.t === 'close' && event.error)
      asConflict('message_not_found', 'model_not_found')(fromProblem(event.error));
    held.push(next.value);
    watch.see(event);
    if (event.t !== 'open' && !(event.t === 'note' && event.kind === 'stored')) break;
  }
  return (async function* rest(): AsyncGenerator<LoggedEvent> {
    try {
      yield* held;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
}

async function modelNamed(rooms: GatewayRooms, wanted: string | undefined): Promise<string | undefined> {
  if (wanted === undefined || rooms.upstreams.findModel(wanted) || (await rooms.models.find(wanted))) return wanted;
  return rooms.aliases.resolve(wanted)[0];
}

export const createAnswer = endpoint({
  operationId: 'conversations.answers.create',
  method: 'POST',
  path: '/api/conversations/{id}/answers',
  tag: 'Conversations',
  summary: {
    en: 'Asks in a conversation and streams the answer; the run goes on for a while when its reader leaves.',
    fr: 'Pose une question dans une conversation et diffuse la réponse ; elle se poursuit un moment si le lecteur part.',
  },
  dialect: 'native',
  params: z.object({ id: Id }),
  body: AnswerRequest,
  replies: { 200: null },
  events: runEvents,
  errors: [
    'conversation_not_found',
    'destination_denied',
    'quota_exceeded',
    'forbidden',
    'policy_unavailable',
    'audit_unavailable',
    'model_not_found',
    'model_unusable',
    'conflict',
    'database_unavailable',
    'disk_full',
  ],
  async handle({ params: { id }, body }, context) {
    const { rooms, signal, accept, who } = context;
    const named = await modelNamed(rooms, 'model' in body ? body.model : undefined);
    const runs = runsOf(rooms, who);
    const about = { caller: callerOf(context, body.label), usualTokens: context.rooms.house.answerTokens || undefined };
    const runId = runs.start(toTurn(id, body, named, about));
    const watch = new SentWatch();
    const events = await accepted(runs.attach(runId, 0, { signal }), watch);
    const headers = { 'x-intramuros-run': runId, ...watch.headers() };
    return nativeStream(toItems(events), { accept, headers });
  },
});

const params = z.object({ id: Id });

/** What never was the id of a run is not found; what may have been one is gone. */
function assertRunId(id: string): void {
  if (/^run_[0-9a-z]{26}$/.test(id)) return;
  throw new IntramurosError(
    'not_found',
    'This is no id of a run. Each answer names its run in the header x-intramuros-run.',
  );
}

export const getRun = endpoint({
  operationId: 'runs.get',
  method: 'GET',
  path: '/api/runs/{id}',
  tag: 'Runs',
  summary: { en: 'What is known of a run: its receipt.', fr: 'Ce que l’on sait d’une exécution : son reçu.' },
  dialect: 'native',
  params,
  replies: { 200: Receipt },
  errors: ['not_found', 'run_not_found'],
  handle({ params: { id } }, { rooms, who }) {
    assertRunId(id);
    const receipt = runsOf(rooms, who).get(id);
    return {
      json: {
        ...receipt,
        conversationId: receipt.conversationId ?? null,
        messageId: receipt.messageId ?? null,
        closedAt: receipt.closedAt ?? null,
        why: receipt.why ?? null,
        usage: receipt.usage ?? null,
      },
    };
  },
});

export const readRun = endpoint({
  operationId: 'runs.events',
  method: 'GET',
  path: '/api/runs/{id}/events',
  tag: 'Runs',
  summary: {
    en: 'The events of a run from an offset, then live.',
    fr: 'Les événements d’une exécution depuis un rang, puis en direct.',
  },
  dialect: 'native',
  params,
  query: z.object({
    from: z
      .string()
      .regex(/^\d{1,9}$/, 'wanted a whole number from 0 on')
      .optional()
      .meta({ description: 'First event wanted, counted from 0.' }),
  }),
  replies: { 200: null },
  events: runEvents,
  errors: ['not_found', 'run_not_found'],
  handle({ params: { id }, query }, { rooms, signal, accept, who }) {
    assertRunId(id);
    const events = runsOf(rooms, who).attach(id, Number(query.from ?? 0), { signal });
    return nativeStream(toItems(events), { accept, headers: { 'x-intramuros-run': id } });
  },
});

export const stopRun = endpoint({
  operationId: 'runs.stop',
  method: 'DELETE',
  path: '/api/runs/{id}',
  tag: 'Runs',
  summary: { en: 'Stops a run; what was written is kept.', fr: 'Arrête une exécution ; ce qui est écrit est gardé.' },
  dialect: 'native',
  params,
  replies: { 202: null },
  errors: ['not_found', 'run_not_found'],
  handle({ params: { id } }, { rooms, who }) {
    assertRunId(id);
    runsOf(rooms, who).stop(id);
    return { empty: 202 };
  },
});
