import { createHash } from 'node:crypto';
import type { GenerateRequest } from '../../engine/index.ts';

/** Highest random weight: every key has its own order of the replicas, and one that goes away moves only its own keys. */
export function rendezvous<T extends { readonly url: string }>(key: string, among: readonly T[]): readonly T[] {
  const weighed = among.map((replica) => ({ replica, weight: weight(`${key}\n${replica.url}`) }));
  return weighed.sort((a, b) => (a.weight < b.weight ? 1 : a.weight > b.weight ? -1 : 0)).map(({ replica }) => replica);
}

/** FNV-1a with a final mix: quick, and even enough to spread keys. */
function weight(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const wholeTextLength = 4096;

/** What stays the same over the turns of one conversation: who it is isolated for, its system text and its first question. */
export function affinityOf({ prompt, isolationKey }: GenerateRequest): string {
  const hash = createHash('sha256').update(isolationKey).update('\n');
  if (prompt.kind === 'chat') {
    const first = prompt.messages.findIndex(({ role }) => role === 'user');
    for (const { role, content } of prompt.messages.slice(0, first + 1 || 1))
      hash.update(role).update('\n').update(content.slice(0, wholeTextLength)).update('\n');
  } else if (prompt.kind === 'text') hash.update(prompt.text.slice(0, wholeTextLength));
  else hash.update(prompt.tokens.slice(0, wholeTextLength).join(' '));
  return hash.digest('base64url');
}
