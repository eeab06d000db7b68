import { joinMarks, type Marked } from '../../conversations/index.ts';
import { subjectOf } from '../../identity/index.ts';
import type { Decision } from '../../policy/index.ts';
import { placesFor } from './decide.ts';
import { conversationsOf, markOf } from './label.ts';
import { mayUse } from './resolve-model.ts';
import type { Caller, Choice, Choices, Rooms, Target } from './types.ts';

/** What may answer somebody in a conversation now, and why the rest may not. Nothing is sent, nothing recorded. */
export async function choices(
  caller: Caller,
  { rooms, conversationId }: { readonly rooms: Rooms; readonly conversationId: string | undefined },
): Promise<Choices> {
  const mark = await markFor(caller, rooms, conversationId);
  const targets = await targetsFor(caller, rooms);
  const request = { subject: subjectOf(caller.who), action: 'infer', label: mark.label } as const;
  const { policy } = rooms.gate;
  const nearest = policy.nearest(request, placesFor({ rooms, caller }));
  const list = targets.map((target) => {
    const decision = policy.decide({ ...request, destination: target.destination });
    return toChoice(target, decision, rooms.personal !== undefined);
  });
  const first = nearest
    ? list.find(({ effect, masked, destination }) => effect === 'allow' && !masked && destination.id === nearest.id)
    : list.find(({ masked }) => masked);
  return { ...mark, choices: list.map((choice) => (choice === first ? { ...choice, nearest: true } : choice)) };
}

async function markFor(caller: Caller, rooms: Rooms, conversationId: string | undefined): Promise<Marked> {
  const own = markOf({ caller, rooms });
  if (conversationId === undefined) return own;
  const { label, labelSources } = await conversationsOf(rooms, caller.who).get(conversationId);
  return joinMarks({ label, sources: labelSources }, own);
}

async function targetsFor(caller: Caller, rooms: Rooms): Promise<readonly Target[]> {
  const destination = rooms.embedded();
  const installed = (await rooms.library.list()).map((model): Target => ({ kind: 'embedded', model, destination }));
  const upstream = rooms.upstreams
    .models()
    .map((model): Target => ({ kind: 'upstream', model, destination: model.destination }));
  return [...installed, ...upstream].filter(
    (target) => target.model.capabilities.some((one) => one === 'chat') && mayUse(caller.who, target),
  );
}

function toChoice(target: Target, decision: Decision, canMask: boolean): Choice {
  const masked = decision.effect === 'pseudonymise' && canMask;
  return {
    model: target.model.id,
    title: target.kind === 'embedded' ? target.model.title : target.model.name,
    destination: target.destination,
    effect: decision.effect === 'allow' || masked ? 'allow' : 'deny',
    masked,
    reason: decision.effect === 'pseudonymise' ? 'not_pseudonymised' : decision.reason,
    words: decision.words,
    nearest: false,
    installed: target.kind === 'embedded',
  };
}
