import type { WritableValue } from '../gguf/index.ts';

const normal = 1;
const control = 3;
const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/**
 * A WordPiece vocabulary as llama.cpp's WPM tokenizer reads it: a piece that starts a word is marked with "▁" and a piece
 * that goes on loses its "##" (a "phantom space"); the special pieces stay as they are.
 */
export function bertVocabulary(lines: readonly string[]): readonly (readonly [string, WritableValue])[] {
  const isSpecial = new Set<string>(special);
  const tokens = lines.map((line) => {
    if (isSpecial.has(line)) return line;
    return line.startsWith('##') ? line.slice(2) : `▁${line}`;
  });
  const id = (name: (typeof special)[number]) => lines.indexOf(name);
  const ids = [
    ['tokenizer.ggml.bos_token_id', id('[CLS]')],
    ['tokenizer.ggml.eos_token_id', id('[SEP]')],
    ['tokenizer.ggml.unknown_token_id', id('[UNK]')],
    ['tokenizer.ggml.seperator_token_id', id('[SEP]')], // llama.cpp spells it so
    ['tokenizer.ggml.padding_token_id', id('[PAD]')],
    ['tokenizer.ggml.cls_token_id', id('[CLS]')],
    ['tokenizer.ggml.mask_token_id', id('[MASK]')],
  ] as const;
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'bert' }],
    ['tokenizer.ggml.token_type_count', { type: 'u32', value: 2 }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: tokens }],
    [
      'tokenizer.ggml.token_type',
      { type: 'i32s', value: lines.map((line) => (isSpecial.has(line) ? control : normal)) },
    ],
    ...ids.filter(([, value]) => value >= 0).map(([key, value]) => [key, { type: 'u32', value }] as const),
  ];
}
