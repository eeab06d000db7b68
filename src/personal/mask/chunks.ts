/** A long text is read in pieces of about this length, so that others are served in between. */
const chunkLength = 32 * 1024;

/**
 * Cuts a text where nothing personal should be cut: between paragraphs, lines or words. `shift` moves the cuts, so that a
 * second reading has others.
 */
export function* chunksOf(text: string, shift = 0): Generator<{ readonly start: number; readonly end: number }> {
  let start = 0;
  let length = shift > 0 ? shift : chunkLength;
  while (start < text.length) {
    const end = cutAt(text, start, start + length);
    yield { start, end };
    start = end;
    length = chunkLength;
  }
}

/** Cuts of the second reading. */
export const otherCuts = chunkLength / 2;

function cutAt(text: string, start: number, wanted: number): number {
  if (wanted >= text.length) return text.length;
  const least = start + Math.floor((wanted - start) / 2);
  for (const mark of ['\n\n', '\n', '. ', ' ']) {
    const at = text.lastIndexOf(mark, wanted);
    if (at > least) return at + mark.length;
  }
  const code = text.charCodeAt(wanted);
  return code >= 0xdc00 && code <= 0xdfff ? wanted + 1 : wanted; // never between the halves of a character
}
