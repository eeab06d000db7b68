import type { ThinkingSplitter, ThinkingTags } from './types.ts';

/**
 * How families of models mark their thinking. A template that mentions the closing text knows the pair (some, such as
 * DeepSeek-R1's first ones, only cut old thinking away).
 */
const families: readonly ThinkingTags[] = [
  { open: '<think>', close: '</think>' }, // DeepSeek-R1, Qwen3, QwQ, SmolLM3, GLM
  { open: '<|START_THINKING|>', close: '<|END_THINKING|>' }, // Command
  { open: '[THINK]', close: '[/THINK]' }, // Magistral
  { open: '<seed:think>', close: '</seed:think>' }, // Seed-OSS
  { open: '<thought>', close: '</thought>' }, // EXAONE Deep
  { open: '◁think▷', close: '◁/think▷' }, // Kimi
  { open: '<thinking>', close: '</thinking>' },
  { open: '<reasoning>', close: '</reasoning>' },
];

/** gpt-oss speaks on channels: thinking on `analysis`, the answer on `final`. */
const channels: ThinkingTags = {
  open: '<|channel|>analysis<|message|>',
  close: '<|end|><|start|>assistant<|channel|>final<|message|>',
  answer: '<|channel|>final<|message|>',
};

/** The tags between which a model with this template thinks aloud, if it does. */
export function findThinkingTags(template: string): ThinkingTags | undefined {
  if (template.includes('<|channel|>') && template.includes('analysis')) return channels;
  return families.find(({ close }) => template.includes(close));
}

/** True when a prompt that ends so leaves the model inside its thinking. */
export function endsInThinking(promptEnd: string, tags: ThinkingTags | undefined): boolean {
  return tags !== undefined && promptEnd.trimEnd().endsWith(tags.open);
}

type Piece = { readonly kind: 'text' | 'thinking'; readonly text: string };

/**
 * Splits generated text into thinking and answer as it comes. Thinking opens only at the very start of an answer, so that
 * an answer about tags keeps them; whitespace beside the tags is dropped, all other text passes through unchanged. Holds
 * back only what may still turn out to be a tag or the space before one.
 */
export function openThinkingSplitter(tags: ThinkingTags | undefined, startsInThinking = false): ThinkingSplitter {
  let state: 'start' | 'thinking' | 'text' = tags === undefined ? 'text' : startsInThinking ? 'thinking' : 'start';
  let held = '';
  let atEdge = state === 'thinking'; // just after a tag: leading whitespace belongs to it

  function push(text: string): readonly Piece[] {
    held += text;
    const pieces: Piece[] = [];
    const emit = (kind: Piece['kind'], piece: string): void => {
      if (piece !== '') pieces.push({ kind, text: piece });
    };
    if (state === 'start' && tags) {
      const begun = held.trimStart();
      if (begun.startsWith(tags.open)) enter('thinking', begun.slice(tags.open.length));
      else if (tags.answer !== undefined && begun.startsWith(tags.answer))
        enter('text', begun.slice(tags.answer.length));
      else if (![tags.open, tags.answer].some((tag) => tag?.startsWith(begun))) state = 'text';
      else return pieces;
    }
    if (state === 'thinking' && tags) {
      held = dropEdge(held);
      const at = held.indexOf(tags.close);
      if (at >= 0) {
        emit('thinking', held.slice(0, at).trimEnd());
        enter('text', held.slice(at + tags.close.length));
      } else {
        const keep = heldBack(held, tags.close);
        emit('thinking', held.slice(0, held.length - keep));
        held = held.slice(held.length - keep);
        return pieces;
      }
    }
    if (state === 'text') {
      held = dropEdge(held);
      emit('text', held);
      held = '';
    }
    return pieces;
  }

  function enter(next: 'thinking' | 'text', rest: string): void {
    state = next;
    held = rest;
    atEdge = true;
  }

  /** After a tag, whitespace is dropped until the first other character. */
  function dropEdge(text: string): string {
    if (!atEdge) return text;
    const rest = text.trimStart();
    if (rest !== '') atEdge = false;
    return rest;
  }

  function flush(): readonly Piece[] {
    const rest = state === 'thinking' ? held.trimEnd() : held;
    held = '';
    return rest === '' ? [] : [{ kind: state === 'thinking' ? 'thinking' : 'text', text: rest }];
  }
  return { push, flush };
}

/** How many last characters of `text` may begin `tag`, with the whitespace before them. */
function heldBack(text: string, tag: string): number {
  let begun = Math.min(text.length, tag.length - 1);
  while (begun > 0 && !tag.startsWith(text.slice(text.length - begun))) begun -= 1;
  const before = text.slice(0, text.length - begun);
  return begun + before.length - before.trimEnd().length;
}
