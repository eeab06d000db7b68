import type { LoadPhase, ProblemBody, RunEvent, Usage } from '../api/wire.ts';
import type { Label, Routed } from '../api/wire-policy.ts';

/** What a run is doing now; each has its words on the page. */
export type Phase =
  | { readonly kind: 'sending' }
  | { readonly kind: 'queued'; readonly ahead: number }
  | { readonly kind: 'loading'; readonly model: string; readonly phase: LoadPhase; readonly progress: number }
  | { readonly kind: 'reading'; readonly promptTokens: number; readonly cachedTokens: number }
  | { readonly kind: 'thinking'; readonly sinceMs: number }
  | { readonly kind: 'writing' }
  | { readonly kind: 'closed' };

/** An answer in the making, as its events so far tell it. */
export interface LiveRun {
  readonly runId: string | undefined;
  /** Offset of the next event to take; what comes below it is a repeat after a reconnection. */
  readonly next: number;
  readonly phase: Phase;
  /** What the message held before this run: the cut answer that is being continued. */
  readonly base: string;
  readonly text: string;
  readonly thinking: string;
  readonly thinkingMs: number | undefined;
  readonly model: string | undefined;
  readonly site: string | undefined;
  /** What the question was labelled when it was decided. */
  readonly label: Label | undefined;
  /** Where the question went. */
  readonly routed: Routed | undefined;
  readonly prompt: { readonly promptTokens: number; readonly cachedTokens: number } | undefined;
  readonly stored: StoredData | undefined;
  readonly why: string | undefined;
  readonly usage: Usage | undefined;
  readonly error: ProblemBody | undefined;
  /** True while the connection is lost and being taken up again. */
  readonly reconnecting: boolean;
  /** True from the moment the person asked to stop. */
  readonly stopping: boolean;
  /** True when the page met the run after it had begun. */
  readonly resumed: boolean;
}
export interface StoredData {
  readonly conversationId: string;
  readonly userMessageId?: string;
  readonly messageId: string;
  readonly title?: string;
  /** Characters the message held before this run; more than 0 when a cut answer goes on. */
  readonly baseLength?: number;
}

/** A run before its first event. */
export function newRun(
  options: { readonly runId?: string | undefined; readonly base?: string; readonly resumed?: boolean } = {},
): LiveRun {
  return {
    runId: options.runId,
    next: 0,
    phase: { kind: 'sending' },
    base: options.base ?? '',
    text: '',
    thinking: '',
    thinkingMs: undefined,
    model: undefined,
    site: undefined,
    label: undefined,
    routed: undefined,
    prompt: undefined,
    stored: undefined,
    why: undefined,
    usage: undefined,
    error: undefined,
    reconnecting: false,
    stopping: false,
    resumed: options.resumed ?? false,
  };
}

/** The run after one more event. An event below `next` was taken before and changes nothing. */
export function takeEvent(run: LiveRun, offset: number, event: RunEvent, nowMs: number): LiveRun {
  if (offset < run.next || run.phase.kind === 'closed') return run;
  const on = { ...run, next: offset + 1, reconnecting: false };
  switch (event.t) {
    case 'open':
      return { ...on, runId: on.runId ?? event.by.run, model: event.by.model, site: event.by.site, label: event.label };
    case 'note':
      return takeNote(on, event);
    case 'think': {
      const phase = on.phase.kind === 'thinking' ? on.phase : { kind: 'thinking' as const, sinceMs: nowMs };
      return event.choice === 0 ? { ...on, thinking: on.thinking + event.s, phase } : on;
    }
    case 'text':
      if (!event.out || event.choice !== 0) return on;
      return { ...on, text: on.text + event.s, phase: { kind: 'writing' } };
    case 'finish':
      return on;
    case 'close':
      return {
        ...on,
        phase: { kind: 'closed' },
        why: event.why,
        usage: event.use,
        error: event.error ?? undefined,
        model: event.by.model || on.model,
        site: event.by.site || on.site,
      };
    default:
      return on; // a kind of event of a newer server
  }
}

function takeNote(run: LiveRun, note: Extract<RunEvent, { t: 'note' }>): LiveRun {
  switch (note.kind) {
    case 'queued':
      return { ...run, phase: { kind: 'queued', ahead: note.data.ahead } };
    case 'loading':
      return { ...run, phase: { kind: 'loading', ...note.data } };
    case 'prompt':
      return { ...run, prompt: note.data, phase: { kind: 'reading', ...note.data } };
    case 'thought':
      return { ...run, thinkingMs: note.data.durationMs, phase: { kind: 'writing' } };
    case 'routed':
      return { ...run, routed: note.data, model: note.data.model };
    case 'stored':
      return { ...run, stored: note.data };
    default:
      return run;
  }
}

/** Ends a run that the server will not end: the connection could not be taken up again, or was refused. */
export function failRun(run: LiveRun, error: ProblemBody): LiveRun {
  return { ...run, phase: { kind: 'closed' }, why: 'failed', error, reconnecting: false };
}
