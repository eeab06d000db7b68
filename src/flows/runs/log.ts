import type { Event } from '../event.ts';

/** One or several adjacent events of a run as a reader gets them; `offset` is the last one's. */
export interface LoggedEvent {
  readonly offset: number;
  readonly event: Event;
}

interface Span {
  readonly from: number;
  readonly event: Event;
  /** Joined text, and where each event's piece ends in it; only for text and thinking. */
  text: string;
  readonly ends: number[];
}

/**
 * The events of a run by offset. Adjacent text of one choice is kept as one string, so that a long answer costs its text
 * and 8 bytes an event, and a reader that is behind gets it in one piece. Offsets stay those of the single events: a
 * reader may come back at any of them and misses nothing.
 */
export class EventLog {
  readonly #spans: Span[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  append(event: Event): void {
    const last = this.#spans.at(-1);
    if (last && isText(event) && continues(last.event, event)) {
      last.text += event.s;
      last.ends.push(last.text.length);
    } else {
      const text = isText(event) ? event.s : '';
      this.#spans.push({ from: this.#count, event, text, ends: isText(event) ? [text.length] : [] });
    }
    this.#count += 1;
  }

  /** What is logged from an offset on, up to where the kind of event changes; undefined when nothing is yet. */
  read(offset: number): LoggedEvent | undefined {
    if (offset < 0 || offset >= this.#count) return undefined;
    const span = this.#spanAt(offset);
    if (!span || !isText(span.event)) return span && { offset, event: span.event };
    const at = offset - span.from;
    const start = at === 0 ? 0 : (span.ends[at - 1] ?? 0);
    return { offset: span.from + span.ends.length - 1, event: { ...span.event, s: span.text.slice(start) } };
  }

  #spanAt(offset: number): Span | undefined {
    let low = 0;
    let high = this.#spans.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#spans[middle]?.from ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#spans[low];
  }
}

type TextEvent = Extract<Event, { t: 'text' | 'think' }>;

function isText(event: Event): event is TextEvent {
  return event.t === 'think' || (event.t === 'text' && event.lp === undefined);
}

function continues(last: Event, event: TextEvent): boolean {
  if (!isText(last) || last.t !== event.t || last.choice !== event.choice || last.by !== event.by) return false;
  return last.t !== 'text' || event.t !== 'text' || last.out === event.out;
}
