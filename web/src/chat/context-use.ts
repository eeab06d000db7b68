import type { LiveRun } from '../store/live-run.ts';
import type { ChatNode } from '../store/tree.ts';

export interface ContextUse {
  readonly usedTokens: number;
  readonly limitTokens: number;
  /** True when part of it is a guess: what is being typed is counted at 3.5 characters a token. */
  readonly estimated: boolean;
}

/** Share of the context from which the page warns: before anything is refused. */
export const warnFrom = 0.8;

/** How much of the model's context a branch takes, by the last answer's own count plus the draft. */
export function contextUse(options: {
  readonly path: readonly ChatNode[];
  readonly live: LiveRun | undefined;
  readonly draft: string;
  readonly modelContextTokens: number | undefined;
}): ContextUse | undefined {
  const { path, live, draft, modelContextTokens } = options;
  const lastAt = path.findLastIndex((node) => node.usage);
  const usage = path[lastAt]?.usage;
  if (!modelContextTokens) return undefined;
  const known = live?.prompt?.promptTokens ?? (usage ? usage.promptTokens + usage.completionTokens : 0);
  const unread = live?.prompt ? live.text.length + live.thinking.length : 0;
  const after = live?.prompt ? 0 : path.slice(lastAt + 1).reduce((sum, node) => sum + node.content.length, 0);
  const guessed = Math.ceil((unread + after + draft.length) / 3.5);
  return { usedTokens: known + guessed, limitTokens: modelContextTokens, estimated: guessed > 0 };
}
