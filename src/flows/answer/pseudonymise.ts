import type { PromptInput } from '../../engine/index.ts';
import {
  instructionFor,
  type MaskedTexts,
  type Masker,
  MaskingFailedError,
  openMasker,
  type Vault,
} from '../../personal/index.ts';
import type { MaskingFailure, MaskingProof } from '../../policy/index.ts';
import type { EmbedTurn, Masked, Outgoing, Passage } from './types.ts';

/** What goes out has to be masked first, which a relay of bytes cannot: the answer path is asked. */
export class NotByRelayError extends Error {
  override readonly name = 'NotByRelayError';
}

/**
 * The step that replaces names and identifiers in all that goes out, when the gate asks for it: after policy said so and before
 * the decision is written down. Once a request, however many places are tried.
 */
export async function pseudonymise(passage: Passage): Promise<MaskingProof | MaskingFailure> {
  const { outgoing, rooms } = passage;
  if (!outgoing) throw new NotByRelayError('Names have to be replaced on the way.');
  try {
    passage.maskedOnce ??= await passage.timed('pseudonymise', () => mask(passage, outgoing()));
  } catch (error) {
    if (!(error instanceof MaskingFailedError)) throw error;
    rooms.log.warn({ run: passage.id, reason: error.reason, err: error.cause }, 'nothing was sent: masking failed');
    return { failed: error.reason, words: error.message };
  }
  const { prompt, inputs, detector, counts } = passage.maskedOnce;
  return { value: prompt ?? inputs ?? passage.maskedOnce, detector, counts, residual: 0 };
}

async function mask({ rooms, conversationId }: Passage, outgoing: Outgoing): Promise<Masked> {
  const { personal } = rooms;
  if (!personal) throw new MaskingFailedError('no_detector');
  const detector = openDetector(personal.detector);
  const { budgetMs } = personal;
  return personal.vaults.use(conversationId, async (vault) => {
    const masker = openMasker(detector, vault, budgetMs === undefined ? {} : { budgetMs });
    const about = { detector: detector.version, restorer: () => masker.restorer(), unknown: 0 };
    if (outgoing.kind === 'inputs') {
      const { inputs, counts } = await maskInputs(masker, outgoing.inputs);
      return { ...about, prompt: undefined, inputs, counts, stop: [] };
    }
    const { prompt, counts } = await maskPrompt(masker, vault, outgoing.prompt);
    const stop = await stopsToSend(masker, vault, outgoing.stop);
    return { ...about, prompt, inputs: undefined, counts, stop };
  });
}

function openDetector<Detector>(open: () => Detector): Detector {
  try {
    return open();
  } catch (error) {
    throw new MaskingFailedError('detector_failed', { cause: error });
  }
}

async function maskInputs(masker: Masker, inputs: EmbedTurn['inputs']) {
  const texts = inputs.map((input) => {
    if (typeof input === 'string') return input;
    throw new MaskingFailedError('token_ids');
  });
  const { texts: masked, counts } = await masker.mask(texts);
  return { inputs: masked, counts };
}

async function maskPrompt(
  masker: Masker,
  vault: Vault,
  prompt: PromptInput | undefined,
): Promise<Pick<MaskedTexts, 'counts'> & { readonly prompt: PromptInput }> {
  if (!prompt || prompt.kind === 'tokens') throw new MaskingFailedError('token_ids');
  if (prompt.kind === 'text') {
    // Nothing is told to a model that continues a text: it would be part of the text.
    const { texts, counts } = await masker.mask([prompt.text]);
    return { prompt: { kind: 'text', text: texts[0] ?? '' }, counts };
  }
  const clear = prompt.messages.flatMap(({ content, thinking = '' }) => [content, thinking]);
  const { texts, counts, used } = await masker.mask(clear);
  const messages = prompt.messages.map(({ role, thinking }, index) => ({
    role,
    content: texts[2 * index] ?? '',
    ...(thinking !== undefined && { thinking: texts[2 * index + 1] ?? '' }),
  }));
  const told = instructionFor(
    vault,
    used,
    prompt.messages.map(({ content }) => content),
  );
  return { prompt: { ...prompt, messages: told === undefined ? messages : withInstruction(messages, told) }, counts };
}

type Messages = Extract<PromptInput, { kind: 'chat' }>['messages'];

function withInstruction([first, ...rest]: Messages, told: string): Messages {
  if (first?.role === 'system') return [{ ...first, content: `${first.content}\n\n${told}` }, ...rest];
  return [{ role: 'system', content: told }, ...(first ? [first] : []), ...rest];
}

/**
 * Stop sequences that may go out: not those that hold anything personal, and not those that would end the answer inside a
 * placeholder. What is held back here is watched for in the restored text.
 */
async function stopsToSend(masker: Masker, vault: Vault, stops: readonly string[]): Promise<readonly string[]> {
  if (stops.length === 0) return [];
  const { texts } = await masker.mask(stops);
  const hidden = [...vault.entries()].map(({ text }) => text);
  return stops.filter(
    (stop, index) =>
      texts[index] === stop &&
      !/[[\]\\]|^[A-Z\d_]+$/.test(stop) &&
      !(/[\p{L}\p{N}]/u.test(stop) && hidden.some((text) => text.includes(stop))),
  );
}
