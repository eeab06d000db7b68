import { IntramurosError } from '../../base/index.ts';
import type { ChatMessage } from '../types.ts';
import { compileTemplate, runTemplate, TemplateRefusal } from './jinja.ts';
import { type MarkedSpan, type Marker, type MarkStyle, openMarker } from './mark.ts';
import { endsInThinking, findThinkingTags } from './thinking.ts';
import type { PromptSegment, RenderedPrompt, RenderInput, ThinkingTags } from './types.ts';

/** A way to hand the messages over; families differ in what their templates accept. */
interface Shape {
  readonly messages: readonly ChatMessage[];
  /** Contents as lists of typed parts instead of texts. */
  readonly typed: boolean;
}

type Rendering = { readonly text: string; readonly spans: readonly MarkedSpan[] };

/**
 * Renders a conversation with the model's own chat template, and marks as untrusted exactly the text that came from the
 * messages (but for whitespace around a message, which counts as the template's). The segments' texts joined are what the
 * template renders; when message text cannot be followed through the template, all from the first message to the last is
 * untrusted.
 *
 * A template that has no system role, or wants user and assistant in turn, gets the messages joined accordingly: a system
 * message is never lost without a word.
 *
 * @throws {IntramurosError} `model_unusable` for a template that cannot be run; `invalid_request` for one that refuses.
 */
export function renderChat(input: RenderInput): RenderedPrompt {
  const last = input.messages.at(-1);
  const continued = input.continueLast && last?.role === 'assistant' ? last : undefined;
  const tags = findThinkingTags(input.template);
  if (continued && continued.content.trim() === '') return continueThinking(input, continued, tags);
  const rendering = renderShapes(input, { openAnswer: continued === undefined });
  if (continued) {
    const spans = cutAfterLast(rendering.spans, input.messages, continued);
    return { segments: toSegments(spans), thinkingTags: tags, startsInThinking: false };
  }
  return withThinkingChoice(input, rendering.spans, tags);
}

/** Adds what a person's choice needs where the template itself offers none: an answer without thinking. */
function withThinkingChoice(
  input: RenderInput,
  spans: readonly MarkedSpan[],
  tags: ThinkingTags | undefined,
): RenderedPrompt {
  const end = spans.at(-1)?.owner === undefined ? (spans.at(-1)?.text ?? '') : '';
  const open = endsInThinking(end, tags);
  if (input.thinking !== false || !tags || !tags.open.startsWith('<think') || end.trimEnd().endsWith(tags.close))
    return { segments: toSegments(spans), thinkingTags: tags, startsInThinking: open };
  if (!open && /enable_thinking|\bthinking\b/.test(withoutTags(input.template, tags)))
    return { segments: toSegments(spans), thinkingTags: tags, startsInThinking: false };
  const closing = open ? `\n${tags.close}\n\n` : `${tags.open}\n\n${tags.close}\n\n`;
  return {
    segments: toSegments([...spans, { text: closing, owner: undefined }]),
    thinkingTags: tags,
    startsInThinking: false,
  };
}

const withoutTags = (template: string, tags: ThinkingTags): string =>
  template.replaceAll(tags.open, '').replaceAll(tags.close, '');

/** Goes on with an answer that was cut before its text: inside its thinking, or from its very start. */
function continueThinking(input: RenderInput, last: ChatMessage, tags: ThinkingTags | undefined): RenderedPrompt {
  const { continueLast: _, ...rest } = input;
  const opened = renderChat({ ...rest, messages: input.messages.slice(0, -1) });
  if (!tags || !last.thinking) return opened;
  const opening = opened.startsInThinking ? [] : [{ text: `${tags.open}\n`, trusted: true }];
  return {
    segments: [...opened.segments, ...opening, { text: last.thinking, trusted: false }],
    thinkingTags: tags,
    startsInThinking: true,
  };
}

/** Tries the shapes in turn and takes the first in which no system or user message is lost. */
function renderShapes(input: RenderInput, options: { readonly openAnswer: boolean }): Rendering {
  let first: Rendering | undefined;
  let refusal: unknown;
  for (const shape of shapes(input.messages)) {
    try {
      const rendering = renderShape(input, shape, options);
      if (keepsAll(rendering, shape)) return rendering;
      first ??= rendering;
    } catch (error) {
      if (error instanceof IntramurosError) throw error;
      refusal ??= error;
    }
  }
  if (first) return first;
  if (refusal instanceof TemplateRefusal) {
    throw new IntramurosError(
      'invalid_request',
      `This model's chat template refuses these messages: ${refusal.message}`,
      { cause: refusal },
    );
  }
  throw new IntramurosError(
    'model_unusable',
    `The chat template in this model's file fails: ${(refusal as Error).message}. Use the model for plain completions, or install another build of it.`,
    { cause: refusal },
  );
}

function* shapes(messages: readonly ChatMessage[]): Generator<Shape> {
  yield { messages, typed: false };
  yield { messages, typed: true };
  const folded = joinSameRoles(foldSystem(messages));
  yield { messages: joinSameRoles(messages), typed: false };
  yield { messages: folded, typed: false };
  yield { messages: folded, typed: true };
}

/** For templates without a system role: the system messages go before the first user message. */
function foldSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const system = messages.filter((message) => message.role === 'system').map((message) => message.content);
  const others = messages.filter((message) => message.role !== 'system');
  if (system.length === 0) return messages;
  const firstUser = others.findIndex((message) => message.role === 'user');
  if (firstUser < 0) return [{ role: 'user', content: system.join('\n\n') }, ...others];
  return others.map((message, at) =>
    at === firstUser ? { ...message, content: [...system, message.content].join('\n\n') } : message,
  );
}

/** For templates that want the roles in turn: neighbours of one role become one message. */
function joinSameRoles(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const joined: ChatMessage[] = [];
  for (const message of messages) {
    const previous = joined.at(-1);
    if (previous?.role === message.role) {
      joined[joined.length - 1] = { ...previous, content: `${previous.content}\n\n${message.content}` };
    } else joined.push(message);
  }
  return joined;
}

function keepsAll({ spans }: Rendering, { messages }: Shape): boolean {
  const seen = new Set(spans.map((span) => span.owner));
  if (seen.has(everyone)) return true;
  return messages.every((message, at) => message.role === 'assistant' || message.content.trim() === '' || seen.has(at));
}

/** Owner of text that cannot be told apart. */
const everyone = -1;

const styles: readonly MarkStyle[] = ['guarded', 'guarded-outside', 'bare-ends', 'whole'];

function renderShape(input: RenderInput, shape: Shape, options: { readonly openAnswer: boolean }): Rendering {
  const template = compileTemplate(input.template);
  const now = new Date();
  const run = (messages: readonly ChatMessage[]): string =>
    runTemplate(template, variables(input, { messages, typed: shape.typed }, options), now);
  const text = run(shape.messages);
  const texts = shape.messages.flatMap(({ content, thinking }) => [content, thinking ?? '']);
  for (const style of styles) {
    const marker = openMarker([...texts, input.template], template.soughtTexts, style);
    if (!marker) break;
    const spans = readSafely(marker, run, shape.messages);
    if (spans && spans.map((span) => span.text).join('') === text) return { text, spans };
  }
  return { text, spans: betweenEnds(text, run, shape.messages) };
}

function readSafely(
  marker: Marker,
  run: (messages: readonly ChatMessage[]) => string,
  messages: readonly ChatMessage[],
): readonly MarkedSpan[] | undefined {
  const marked = messages.map((message, at) => ({
    ...message,
    content: marker.mark(message.content, at),
    ...(message.thinking !== undefined && { thinking: marker.mark(message.thinking, at) }),
  }));
  try {
    return marker.read(run(marked));
  } catch (error) {
    if (error instanceof IntramurosError) throw error;
    return undefined; // the marks themselves upset the template; another style, or the safe way, is next
  }
}

/** The safe way: trusted is only what any conversation of these roles begins and ends with. */
function betweenEnds(
  text: string,
  run: (messages: readonly ChatMessage[]) => string,
  messages: readonly ChatMessage[],
): readonly MarkedSpan[] {
  let other = '';
  try {
    const neutral = 'x'.repeat(Math.max(1, ...messages.map((message) => message.content.length)));
    other = run(messages.map((message) => ({ role: message.role, content: neutral })));
  } catch (error) {
    if (!(error instanceof Error)) throw error; // then nothing at all is trusted
  }
  const [start, end] = [other.indexOf('x'), other.lastIndexOf('x')];
  if (start < 0) return [{ text, owner: everyone }];
  const head = text.startsWith(other.slice(0, start)) ? start : 0;
  const tail = text.slice(head).endsWith(other.slice(end + 1)) ? other.length - end - 1 : 0;
  return [
    { text: text.slice(0, head), owner: undefined },
    { text: text.slice(head, text.length - tail), owner: everyone },
    { text: text.slice(text.length - tail), owner: undefined },
  ];
}

function variables(
  input: RenderInput,
  { messages, typed }: Shape,
  { openAnswer }: { readonly openAnswer: boolean },
): Readonly<Record<string, unknown>> {
  return {
    messages: messages.map(({ role, content, thinking }) => ({
      role,
      content: typed ? [{ type: 'text', text: content }] : content,
      // One thing, by the names that families give it: Qwen and DeepSeek, gpt-oss.
      ...(thinking?.trim() && { reasoning_content: thinking, thinking }),
    })),
    add_generation_prompt: openAnswer,
    bos_token: input.bosText,
    eos_token: input.eosText,
    // As the reference implementation hands them over: present, and None.
    tools: null,
    documents: null,
    ...(input.thinking !== undefined && { enable_thinking: input.thinking, thinking: input.thinking }),
    ...(input.thinking === false && { reasoning_effort: 'low' }),
  };
}

/** Everything up to the end of the last message's own text, so that the model goes on in it. */
function cutAfterLast(
  spans: readonly MarkedSpan[],
  messages: readonly ChatMessage[],
  last: ChatMessage,
): readonly MarkedSpan[] {
  const owner = spans.findLast((span) => span.owner !== undefined)?.owner;
  const at = spans.findLastIndex((span) => span.owner === owner && owner !== undefined);
  const core = last.content.trim();
  const kept = spans.slice(0, at + 1);
  const said = kept.at(-1)?.text ?? '';
  if (at < 0 || !(said.endsWith(core) || core.endsWith(said))) {
    throw new IntramurosError(
      'invalid_request',
      `This model's chat template does not show the last of ${messages.length} messages, so its answer cannot be continued. Ask for a new answer instead.`,
    );
  }
  const trailing = last.content.slice(last.content.trimEnd().length);
  const next = spans[at + 1]?.text ?? '';
  return trailing !== '' && next.startsWith(trailing) ? [...kept, { text: trailing, owner }] : kept;
}

/** Neighbours of one kind become one segment, so that each stretch is tokenised in one go. */
function toSegments(spans: readonly MarkedSpan[]): readonly PromptSegment[] {
  const segments: { text: string; readonly trusted: boolean }[] = [];
  for (const { text, owner } of spans) {
    const trusted = owner === undefined;
    const previous = segments.at(-1);
    if (text === '') continue;
    if (previous?.trusted === trusted) previous.text += text;
    else segments.push({ text, trusted });
  }
  return segments;
}
