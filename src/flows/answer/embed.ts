import type { EmbedResult } from '../../engine/index.ts';
import { inputBytes } from './commitments.ts';
import { clear, passGate, requireTarget } from './decide.ts';
import { textsOfInputs } from './detected-label.ts';
import { estimateTokens } from './estimate.ts';
import { fairKeyOf } from './generate.ts';
import { labelPassage } from './label.ts';
import { openPassage } from './passage.ts';
import { reservePassage } from './reserve.ts';
import { findTarget } from './resolve-model.ts';
import { settlePassage } from './settle.ts';
import type { EmbedTurn, Passage, Rooms, Sent } from './types.ts';

const needed = { embedded: ['embedding'], upstream: ['embedding'] } as const;

/** Turns texts into vectors: by the same steps as an answer, as a vector says what its text says. */
export async function embed(
  turn: EmbedTurn,
  options: {
    readonly id: string;
    readonly rooms: Rooms;
    readonly record: (step: string, ms: number) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<EmbedResult & { readonly sent: Sent }> {
  const passage = openPassage({
    ...options,
    caller: turn.caller,
    action: 'embed',
    need: () => ({ promptTokens: tokensOf(turn.inputs), maxTokens: 0, choices: 1 }),
    outgoing: () => ({ kind: 'inputs', inputs: turn.inputs }),
  });
  passage.told.asked = () => inputBytes(turn.inputs);
  try {
    await passage.rooms.commitments?.ready(turn.caller.who.personId);
    passage.target = await passage.timed('resolve-model', () => findTarget(passage, turn.model, needed));
    await passage.timed('label', () => labelPassage(passage, textsOfInputs(turn.inputs)));
    await passage.timed('reserve', () => reservePassage(passage));
    clear(passage, await passage.timed('decide', () => passGate(passage, requireTarget(passage))));
    const sent = sentOf(passage);
    const result = await passage.timed('embed', () => ask(passage, turn.inputs, options.signal));
    if (passage.clearance) await passage.rooms.gate.recorded(passage.clearance);
    passage.spent.promptTokens = result.promptTokens;
    passage.spent.why = 'stop';
    return { ...result, sent };
  } catch (error) {
    passage.spent.why = 'failed';
    throw error;
  } finally {
    settlePassage(passage);
  }
}

function ask(passage: Passage, inputs: EmbedTurn['inputs'], signal?: AbortSignal): Promise<EmbedResult> {
  const { rooms, clearance } = passage;
  const target = requireTarget(passage);
  const request = { inputs, fairKey: fairKeyOf(passage) };
  const stop = signal ? { signal } : {};
  if (target.kind === 'embedded' || !clearance) {
    return rooms.engine.embed({ ...request, model: target.model.id }, stop);
  }
  const sent = { ...request, inputs: passage.masked?.inputs ?? inputs };
  return rooms.upstreams.embed(clearance, sent, { model: target.model, ...stop });
}

/** Where something went, once the gate let it. */
export function sentOf(passage: Passage): Sent {
  const { model, destination } = requireTarget(passage);
  const { mark, clearance, masked } = passage;
  const decisionId = clearance?.decisionId ?? '';
  return { label: mark.label, model: model.id, destination, decisionId, ...(masked && { masked: masked.counts }) };
}

const tokensOf = (inputs: EmbedTurn['inputs']): number =>
  inputs.reduce((sum, input) => sum + (typeof input === 'string' ? estimateTokens(input) : input.length), 0);
