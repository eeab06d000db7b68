import type { Vocabulary } from '../native/index.ts';
import type { PromptSegment } from '../template/index.ts';

/**
 * Tokens of a rendered chat. Special tokens come only from trusted segments: their places are found there, and all text
 * between two of them, trusted or not, is tokenised as one plain piece, which is how the library itself goes about a
 * text. So an innocent chat gets exactly its usual tokens, and a message that spells a special token gets letters.
 * Does not cover tokens that the vocabulary calls user-defined: the library reads them in any text.
 */
export function tokenizeSegments(vocabulary: Vocabulary, segments: readonly PromptSegment[]): readonly number[] {
  const tokens: number[] = [];
  let plain = '';
  let strip = false;
  const flush = (): void => {
    const text = strip ? plain.trimStart() : plain;
    if (text !== '') tokens.push(...vocabulary.tokenize(text, { addSpecial: false, parseSpecial: false }));
    plain = '';
  };
  for (const segment of segments) {
    for (const part of segment.trusted ? splitSpecial(vocabulary, segment.text) : [segment.text]) {
      if (typeof part === 'string') {
        plain += part;
        continue;
      }
      const traits = vocabulary.traits(part.token);
      if (traits.stripsLeft) plain = plain.trimEnd();
      flush();
      tokens.push(part.token);
      strip = traits.stripsRight;
    }
  }
  flush();
  const { bos } = vocabulary;
  return vocabulary.addsBos && bos !== undefined && tokens[0] !== bos ? [bos, ...tokens] : tokens;
}

/** Cuts a trusted text at its special tokens. */
function splitSpecial(vocabulary: Vocabulary, text: string): (string | { readonly token: number })[] {
  const parts: (string | { readonly token: number })[] = [];
  let from = 0;
  for (const token of vocabulary.tokenize(text, { addSpecial: false, parseSpecial: true })) {
    if (!vocabulary.traits(token).special) continue;
    const spelling = Buffer.from(vocabulary.spelling(token)).toString();
    const at = text.indexOf(spelling, from);
    if (at < 0) continue;
    parts.push(text.slice(from, at), { token });
    from = at + spelling.length;
  }
  parts.push(text.slice(from));
  return parts;
}
