import type { Backend } from './backend.ts';
import { toFirstToken, toTokenLogprob } from './logprobs.ts';
import type { Answer } from './run.ts';

/** Reads the probabilities of a prompt's own tokens while the logits of their predecessors are there. */
export function collectEcho(
  backend: Backend,
  { run: { request, promptLogprobs } }: Answer,
  computed: { readonly place: number; readonly count: number },
): void {
  const spelling = (token: number): Uint8Array => backend.spelling(token);
  if (promptLogprobs.length === 0) promptLogprobs.push(toFirstToken(request.tokens[0]!, spelling));
  const end = computed.place + computed.count;
  for (let at = computed.place; at < end && promptLogprobs.length < request.tokens.length; at += 1) {
    const token = request.tokens[promptLogprobs.length]!;
    promptLogprobs.push(toTokenLogprob(backend.logits(at), token, request.logprobs ?? 0, spelling));
  }
}
