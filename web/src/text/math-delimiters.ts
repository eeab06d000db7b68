/**
 * Rewrites the ways models write mathematics, `\(…\)`, `\[…\]` and `$…$`, into the one form the renderer reads, `$$…$$`.
 * Covers: text outside code. A single dollar opens mathematics only by Pandoc's rule (no space after it, none before the
 * closing one, no digit behind), so that prices stay prices. Does not cover: environments without delimiters.
 */
export function normalizeMath(markdown: string): string {
  if (!/[$\\]/.test(markdown)) return markdown;
  return splitCode(markdown)
    .map(({ code, text }) => (code ? text : rewrite(text)))
    .join('');
}

/** True when the text holds mathematics after `normalizeMath`. */
export const hasMath = (normalized: string): boolean => normalized.includes('$$');

function rewrite(text: string): string {
  return text
    .replace(/\\\[([\s\S]+?)\\\]/g, (_, body: string) => `\n$$\n${body.trim()}\n$$\n`)
    .replace(/\\\(([\s\S]+?)\\\)/g, (_, body: string) => `$$${body.trim()}$$`)
    .replace(/(?<![\\$\w])\$(?![\s$])([^$\n]*?[^\s$\\])\$(?![\d$])/g, (_, body: string) => `$$${body}$$`);
}

/** Cuts Markdown into code (fenced blocks and spans) and the rest. An open fence is code to the end. */
function splitCode(markdown: string): readonly { readonly code: boolean; readonly text: string }[] {
  const parts: { code: boolean; text: string }[] = [];
  const pattern =
    /(^|\n)[ ]{0,3}(`{3,}|~{3,})[^\n]*(?:\n[\s\S]*?(?:\n[ ]{0,3}\2[`~]*[ \t]*(?=\n|$)|$)|$)|(`+)(?!`)[\s\S]*?[^`]\3(?!`)/g;
  let last = 0;
  for (const match of markdown.matchAll(pattern)) {
    parts.push({ code: false, text: markdown.slice(last, match.index) }, { code: true, text: match[0] });
    last = match.index + match[0].length;
  }
  parts.push({ code: false, text: markdown.slice(last) });
  return parts;
}
