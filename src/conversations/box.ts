import type { Keyring } from '../keyring/index.ts';
import type { LabelSource } from '../policy/index.ts';
import { indexTerms } from './terms.ts';
import type { MessageError } from './types.ts';

/** What one message holds. */
export interface MessageText {
  readonly content: string;
  readonly thinking?: string | undefined;
}

type Keys = Pick<Keyring, 'seal' | 'open' | 'token'>;

/**
 * Seals and opens what one person's conversations hold. Each text is bound to its row and field: moved elsewhere in the
 * database it does not open. The person's key must be `ready`.
 */
export interface Box {
  title(id: string, title: string): string | null;
  openTitle(id: string, sealed: string | null): string;
  text(id: string, text: MessageText): string;
  openText(id: string, sealed: string | null): MessageText;
  error(id: string, error: MessageError | undefined): string | null;
  openError(id: string, sealed: string | null): MessageError | undefined;
  sources(table: 'conversations' | 'messages', id: string, sources: readonly LabelSource[]): string | null;
  openSources(table: 'conversations' | 'messages', id: string, sealed: string | null): readonly LabelSource[];
  /** Tokens under which a text is found. */
  tokens(text: string): string[];
  /** Token of one term of a search. */
  token(term: string): string;
}

export function boxOf(keys: Keys, ownerId: string): Box {
  const seal = (place: string, text: string): string => keys.seal(ownerId, place, text);
  const open = (place: string, sealed: string): string => keys.open(ownerId, place, sealed);
  const token = (term: string): string => keys.token(ownerId, term);
  return {
    title: (id, title) => (title === '' ? null : seal(`conversations/${id}/title`, title)),
    openTitle: (id, sealed) => (sealed === null ? '' : open(`conversations/${id}/title`, sealed)),
    text: (id, { content, thinking }) => seal(`messages/${id}/text`, JSON.stringify([content, thinking ?? null])),
    openText(id, sealed) {
      if (sealed === null) return { content: '' };
      const [content, thinking] = JSON.parse(open(`messages/${id}/text`, sealed)) as [string, string | null];
      return { content, thinking: thinking ?? undefined };
    },
    error: (id, error) => (error === undefined ? null : seal(`messages/${id}/error`, JSON.stringify(error))),
    openError: (id, sealed) =>
      sealed === null ? undefined : (JSON.parse(open(`messages/${id}/error`, sealed)) as MessageError),
    sources: (table, id, sources) =>
      sources.length === 0 ? null : seal(`${table}/${id}/sources`, JSON.stringify(sources)),
    openSources: (table, id, sealed) =>
      sealed === null ? [] : (JSON.parse(open(`${table}/${id}/sources`, sealed)) as LabelSource[]),
    tokens: (text) => indexTerms(text).map(token),
    token,
  };
}
