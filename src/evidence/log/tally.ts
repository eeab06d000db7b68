import type { Audit, AuditRecord } from '../../audit/index.ts';

/** What one model at one place did for one person. */
export interface ModelUse {
  readonly model: string;
  readonly destination: string;
  destinationTitle: string;
  tier: string;
  country: string | null;
  answers: number;
  bytesSent: number;
  bytesReceived: number;
  readonly firstAt: string;
  lastAt: string;
}

/** Sums over the whole log, kept up with it. */
export interface Tally {
  /** By model and place, of one person. */
  uses(personId: string): Promise<readonly ModelUse[]>;
  /** Records of which the person is the actor. */
  records(personId: string): Promise<number>;
  /** Answers and bytes by place, over all people. */
  places(): Promise<
    ReadonlyMap<string, { readonly answers: number; readonly bytesSent: number; readonly bytesReceived: number }>
  >;
  /** Answers by level of label. */
  levels(): Promise<ReadonlyMap<string, number>>;
  /** Time of the oldest record that was counted. */
  since(): Promise<string | null>;
}

interface Pending {
  readonly actor: string;
  readonly at: string;
  readonly model: string;
  readonly level: string;
  readonly place: Readonly<Record<string, unknown>>;
}

/**
 * Counts over the log. The first question reads it once; each after that reads what came since. What is held grows with
 * people, models and places, not with the log.
 */
export function openTally(audit: Pick<Audit, 'read' | 'size'>): Tally {
  const pending = new Map<string, Pending>();
  const uses = new Map<string, Map<string, ModelUse>>();
  const records = new Map<string, number>();
  const levels = new Map<string, number>();
  let nextSeq = 0;
  let sinceAt: string | null = null;
  let running: Promise<void> | undefined;

  const see = (record: AuditRecord): void => {
    const { seq, at, kind, actor, data } = record;
    nextSeq = seq + 1;
    sinceAt ??= at;
    records.set(actor, (records.get(actor) ?? 0) + 1);
    if (kind === 'decision' && data.effect !== 'deny') {
      const { level } = (data.label ?? {}) as { readonly level?: string };
      const place = (data.destination ?? {}) as Pending['place'];
      pending.set(String(data.id), { actor, at, model: String(data.model), level: String(level), place });
    } else if (kind === 'outcome') settle(record);
  };

  const settle = ({ at, data }: AuditRecord): void => {
    const decision = pending.get(String(data.decisionId));
    if (!decision) return;
    pending.delete(String(data.decisionId));
    levels.set(decision.level, (levels.get(decision.level) ?? 0) + 1);
    const mine = uses.get(decision.actor) ?? new Map<string, ModelUse>();
    uses.set(decision.actor, mine);
    const { place, model } = decision;
    const key = `${model}\n${String(place.id)}`;
    const use = mine.get(key) ?? begin(decision);
    mine.set(key, use);
    use.answers += 1;
    use.bytesSent += Number(data.sentBytes ?? 0);
    use.bytesReceived += Number(data.receivedBytes ?? 0);
    use.lastAt = at;
    Object.assign(use, describe(place));
  };

  const catchUp = async (): Promise<void> => {
    for await (const record of audit.read({ fromSeq: nextSeq })) see(record);
  };
  /** One reading at a time; whoever asks sees all that was written before they asked. */
  const followed = async (): Promise<void> => {
    await running;
    if (nextSeq >= audit.size) return;
    running ??= catchUp().finally(() => {
      running = undefined;
    });
    await running;
  };

  return {
    async uses(personId) {
      await followed();
      return [...(uses.get(personId)?.values() ?? [])].map((use) => ({ ...use }));
    },
    async records(personId) {
      await followed();
      return records.get(personId) ?? 0;
    },
    async places() {
      await followed();
      const sums = new Map<string, { answers: number; bytesSent: number; bytesReceived: number }>();
      for (const { destination, answers, bytesSent, bytesReceived } of [...uses.values()].flatMap((m) => [
        ...m.values(),
      ])) {
        const sum = sums.get(destination) ?? { answers: 0, bytesSent: 0, bytesReceived: 0 };
        sums.set(destination, {
          answers: sum.answers + answers,
          bytesSent: sum.bytesSent + bytesSent,
          bytesReceived: sum.bytesReceived + bytesReceived,
        });
      }
      return sums;
    },
    async levels() {
      await followed();
      return new Map(levels);
    },
    async since() {
      await followed();
      return sinceAt;
    },
  };
}

function begin({ model, place, at }: Pending): ModelUse {
  const sums = { answers: 0, bytesSent: 0, bytesReceived: 0 };
  return { model, destination: String(place.id), ...describe(place), ...sums, firstAt: at, lastAt: at };
}

function describe(place: Pending['place']) {
  return {
    destinationTitle: String(place.title ?? place.id),
    tier: String(place.tier),
    country: typeof place.country === 'string' ? place.country : null,
  };
}
