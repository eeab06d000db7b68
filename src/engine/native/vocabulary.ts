import { IntramurosError } from '../../base/index.ts';
import { type Api, type Pointer, tokenAttribute } from './declarations.ts';

/** What is known of one token. */
export interface TokenTraits {
  /** Only trusted text may contain it. */
  readonly special: boolean;
  /** Takes the white space before, or after it, with it. */
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

/** The words of a model: text to token ids and back. Safe to use while the model computes. */
export interface Vocabulary {
  readonly size: number;
  readonly bos: number | undefined;
  readonly eos: number | undefined;
  readonly addsBos: boolean;
  readonly endOfGeneration: ReadonlySet<number>;
  /** Bytes of the longest token: a text of n bytes has at least n / this tokens. */
  readonly longestTokenBytes: number;
  tokenize(
    text: string | Uint8Array,
    options: { readonly addSpecial: boolean; readonly parseSpecial: boolean },
  ): readonly number[];
  /** What a token stands for in an answer: nothing for control tokens. May end in the middle of a character. */
  piece(token: number): Uint8Array;
  /** The token's own spelling, control tokens included. */
  spelling(token: number): Uint8Array;
  detokenize(tokens: readonly number[]): string;
  traits(token: number): TokenTraits;
}

const NO_BYTES = new Uint8Array(0);

/** Reads the vocabulary of a model. Pieces are read once and kept. */
export function openVocabulary(api: Api, handle: Pointer): Vocabulary {
  const size = api.llama_vocab_n_tokens(handle);
  const scratch = new Uint8Array(4096);
  const read = (token: number, special: boolean): Uint8Array => {
    if (!Number.isInteger(token) || token < 0 || token >= size) throw noSuchToken(token, size);
    const length = api.llama_token_to_piece(handle, token, scratch, scratch.length, 0, special);
    if (length >= 0) return length === 0 ? NO_BYTES : scratch.slice(0, length);
    const larger = new Uint8Array(-length);
    api.llama_token_to_piece(handle, token, larger, larger.length, 0, special);
    return larger;
  };
  const endOfGeneration = new Set<number>();
  const pieces = new Array<Uint8Array>(size);
  let longestTokenBytes = 1;
  for (let token = 0; token < size; token += 1) {
    const piece = read(token, true);
    if (piece.length > longestTokenBytes) longestTokenBytes = piece.length;
    pieces[token] = api.llama_vocab_get_attr(handle, token) & HIDDEN ? NO_BYTES : piece;
    if (api.llama_vocab_is_eog(handle, token)) endOfGeneration.add(token);
  }
  const known = (token: number): number | undefined => (token < 0 ? undefined : token);
  return {
    size,
    bos: known(api.llama_vocab_bos(handle)),
    eos: known(api.llama_vocab_eos(handle)),
    addsBos: api.llama_vocab_get_add_bos(handle),
    endOfGeneration,
    longestTokenBytes,
    tokenize(text, { addSpecial, parseSpecial }) {
      const bytes = typeof text === 'string' ? Buffer.from(text) : text;
      // Most tokens stand for several bytes; a second call gets the exact size when the guess was short.
      let tokens = new Int32Array(Math.ceil(bytes.length / 2) + 8);
      let count = api.llama_tokenize(handle, bytes, bytes.length, tokens, tokens.length, addSpecial, parseSpecial);
      if (count < 0) {
        tokens = new Int32Array(-count);
        count = api.llama_tokenize(handle, bytes, bytes.length, tokens, tokens.length, addSpecial, parseSpecial);
      }
      return Array.from(tokens.subarray(0, count));
    },
    piece: (token) => pieces[token] ?? read(token, false),
    spelling: (token) => read(token, true),
    detokenize(tokens) {
      for (const token of tokens)
        if (!Number.isInteger(token) || token < 0 || token >= size) throw noSuchToken(token, size);
      const ids = Int32Array.from(tokens);
      let text = new Uint8Array(tokens.length * 8 + 64);
      let length = api.llama_detokenize(handle, ids, ids.length, text, text.length, false, true);
      if (length < 0) {
        text = new Uint8Array(-length);
        length = api.llama_detokenize(handle, ids, ids.length, text, text.length, false, true);
      }
      return Buffer.from(text.buffer, 0, length).toString();
    },
    traits(token) {
      const attributes = api.llama_vocab_get_attr(handle, token);
      return {
        special: (attributes & (tokenAttribute.control | tokenAttribute.userDefined | tokenAttribute.unknown)) !== 0,
        stripsLeft: (attributes & tokenAttribute.lstrip) !== 0,
        stripsRight: (attributes & tokenAttribute.rstrip) !== 0,
      };
    },
  };
}

const HIDDEN = tokenAttribute.control | tokenAttribute.unknown | tokenAttribute.unused;

function noSuchToken(token: number, size: number): IntramurosError {
  return new IntramurosError(
    'invalid_request',
    `Token ${token} does not exist in this model: ids go from 0 to ${size - 1}.`,
    { facts: { token, vocabularySize: size } },
  );
}
