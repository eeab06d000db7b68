import { Observable } from './emitter.ts';

/** What the page's one status line says. `turn` makes a repeated sentence spoken again. */
export interface Announcement {
  readonly text: string;
  readonly turn: number;
}

/** The one voice of the page: speaks at boundaries only, never for a token. */
export function openAnnouncer() {
  const value = new Observable<Announcement>({ text: '', turn: 0 });
  return { value, say: (text: string): void => value.set({ text, turn: value.get().turn + 1 }) };
}
export type Announcer = ReturnType<typeof openAnnouncer>;
