import type { Backend, Sampler } from './backend.ts';
import type { Answer } from './run.ts';

/** The sampler of an answer, which knows the prompt for its penalties. */
export function openSampler(backend: Backend, { run: { request }, choice }: Answer): Sampler {
  const sampler = backend.openSampler({
    ...request.sampling,
    ignoreEndOfText: request.ignoreEndOfText ?? false,
    choice,
  });
  for (const token of request.tokens) sampler.accept(token);
  return sampler;
}
