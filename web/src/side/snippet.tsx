const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** A text with the words of a search marked, accents and case aside. */
export function Marked({ text, query }: { readonly text: string; readonly query: string }) {
  const words = fold(query)
    .split(/\s+/)
    .filter((word) => word.length > 1);
  if (words.length === 0) return text;
  return text.split(/([\p{L}\p{N}]+)/u).map((piece, at) => {
    const hit =
      at % 2 === 1 && words.some((word) => fold(piece).startsWith(word.slice(0, Math.max(3, word.length - 2))));
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never change places
    return hit ? <mark key={at}>{piece}</mark> : piece;
  });
}
