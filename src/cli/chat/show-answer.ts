import { fromProblem } from '../../base/index.ts';
import type { Event } from '../../flows/index.ts';
import { WaitingLine } from '../choose-model.ts';
import { describeFailure } from '../errors.ts';
import { MarkdownWriter } from '../terminal/markdown-writer.ts';
import { numberText } from '../terminal/quantities.ts';
import { safeText, styled } from '../terminal/style.ts';
import type { Context } from '../types.ts';
import type { ChatSession } from './session.ts';

type Closing = Extract<Event, { t: 'close' }>;

/** Writes one answer to the terminal while it streams: waiting in words, thinking dimmed, text laid out. */
export async function showAnswer(
  events: AsyncIterable<Event>,
  session: ChatSession,
  context: Context,
): Promise<Closing | undefined> {
  const { terminal } = context;
  const waiting = new WaitingLine(context);
  const columns = terminal.outputIsTerminal ? Math.min(100, terminal.columns() ?? 80) : Number.POSITIVE_INFINITY;
  const write = (part: string): void => void terminal.output.write(part);
  const writer = new MarkdownWriter({ write, columns, color: terminal.color });
  let thinkingOpen = false;
  let closing: Closing | undefined;
  try {
    for await (const event of events) {
      if (context.json) context.printJson(event, { line: true });
      if (event.t === 'close') closing = event;
      if (context.json) continue;
      if (event.t === 'note') showNote(event, waiting, context);
      else if (event.t === 'think' && session.showThinking) {
        waiting.clear();
        write(styled(safeText(event.s), 'dim', terminal.color));
        thinkingOpen = true;
      } else if (event.t === 'think') waiting.show(context.say({ en: 'thinking', fr: 'réflexion' }));
      else if (event.t === 'text' && event.out && event.choice === 0) {
        waiting.clear();
        if (thinkingOpen) write('\n\n');
        thinkingOpen = false;
        writer.push(event.s);
      }
    }
  } finally {
    waiting.clear();
    if (thinkingOpen) write('\n');
    if (!context.json) writer.end();
  }
  if (closing && !context.json) showClosing(closing, session, context);
  return closing;
}

function showNote(event: Extract<Event, { t: 'note' }>, waiting: WaitingLine, context: Context): void {
  if (event.kind === 'loading') waiting.loading(event.data.phase, event.data.progress);
  else if (event.kind === 'queued' && event.data.ahead > 0) {
    const { ahead } = event.data;
    waiting.show(context.say({ en: `${ahead} ahead of you`, fr: `${ahead} avant vous` }));
  } else if (event.kind === 'prompt') waiting.show(context.say({ en: 'writing', fr: 'écriture' }));
  else if (event.kind === 'thought') {
    waiting.clear();
    const seconds = Math.max(1, Math.round(event.data.durationMs / 1000));
    const words = context.say({ en: `Thought for ${seconds} s`, fr: `Réflexion de ${seconds} s` });
    context.terminal.errors.write(`${styled(words, 'dim', context.terminal.errorColor)}\n`);
  }
}

function showClosing({ why, use, error }: Closing, session: ChatSession, context: Context): void {
  const remark = (words: string): void => context.note(styled(words, 'dim', context.terminal.errorColor));
  if (error) context.note(describeFailure(fromProblem(error), context.language).message);
  if (why === 'cancelled') remark(context.say({ en: '(stopped)', fr: '(arrêté)' }));
  if (why === 'length') {
    remark(
      context.say({
        en: '(cut at its longest; /continue goes on)',
        fr: '(coupé à la longueur maximale ; /continue reprend)',
      }),
    );
  }
  if (!session.showFigures) return;
  const rate = use.generationMs > 0 ? (use.completionTokens * 1000) / use.generationMs : 0;
  const text = (value: number): string => numberText(value.toFixed(1), context.language);
  const first = use.timeToFirstTokenMs === undefined ? '' : text(use.timeToFirstTokenMs / 1000);
  remark(
    context.say({
      en: `${use.completionTokens} tokens, ${text(rate)} tok/s, first after ${first} s, context ${use.contextUsedTokens} / ${use.contextTokens}`,
      fr: `${use.completionTokens} jetons, ${text(rate)} jetons/s, premier après ${first} s, contexte ${use.contextUsedTokens} / ${use.contextTokens}`,
    }),
  );
}
