import type { Problem } from '../base/index.ts';
import type { Event, Note, Usage, Why } from './event.ts';
import type { Result } from './types.ts';
import { noUsage } from './usage.ts';

interface Choice {
  text: string;
  thinking: string;
  why: Why | undefined;
}

/** Puts the events of a run together as they pass. */
export class ResultBuilder {
  readonly #choices: Choice[] = [];
  readonly #notes: Note[] = [];
  #run = '';
  #why: Why = 'failed';
  #use: Usage = noUsage;
  #error: Problem | undefined;

  add(event: Event): void {
    if (event.t === 'open') this.#run = event.by.run;
    else if (event.t === 'text') this.#choice(event.choice).text += event.out ? event.s : '';
    else if (event.t === 'think') this.#choice(event.choice).thinking += event.s;
    else if (event.t === 'finish') this.#choice(event.choice).why = event.why;
    else if (event.t === 'note') this.#notes.push({ kind: event.kind, data: event.data } as Note);
    else {
      this.#why = event.why;
      this.#use = event.use;
      this.#error = event.error;
    }
  }

  result(): Result {
    return {
      run: this.#run,
      text: this.#choices[0]?.text ?? '',
      thinking: this.#choices[0]?.thinking ?? '',
      choices: this.#choices.map((choice) => ({ ...choice })),
      why: this.#why,
      use: this.#use,
      notes: [...this.#notes],
      error: this.#error,
    };
  }

  #choice(index: number): Choice {
    while (this.#choices.length <= index) this.#choices.push({ text: '', thinking: '', why: undefined });
    return this.#choices[index] as Choice;
  }
}

/** Reads a stream to its end. */
export async function toResult(events: AsyncIterable<Event>): Promise<Result> {
  const builder = new ResultBuilder();
  for await (const event of events) builder.add(event);
  return builder.result();
}
