const drafts = new Map<string, string>();

/** What was being typed in each conversation; kept while the page is open, never stored. */
export const draftOf = (key: string): string => drafts.get(key) ?? '';
export function keepDraft(key: string, text: string): void {
  if (text) drafts.set(key, text);
  else drafts.delete(key);
}

const stash = 'intramuros.drafts';

/** Puts the drafts by for the way to another site and back, in this tab alone and for one person. */
export function stashDrafts(personId: string | undefined): void {
  if (personId && drafts.size > 0) sessionStorage.setItem(stash, JSON.stringify({ personId, drafts: [...drafts] }));
}

/** Takes back what was put by; another person's is thrown away. */
export function restoreDrafts(personId: string): void {
  const text = sessionStorage.getItem(stash);
  sessionStorage.removeItem(stash);
  if (!text) return;
  const put = JSON.parse(text) as { personId: string; drafts: [string, string][] };
  if (put.personId === personId) for (const [key, draft] of put.drafts) keepDraft(key, draft);
}
