const drafts = new Map<string, string>();

/** What was being typed in each conversation; kept while the page is open, never stored. */
export const draftOf = (key: string): string => drafts.get(key) ?? '';
export function keepDraft(key: string, text: string): void {
  if (text) drafts.set(key, text);
  else drafts.delete(key);
}
