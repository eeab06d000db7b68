import type { Audit } from '../../audit/index.ts';
import type { Conversations } from '../../conversations/index.ts';
import type { Identity, Who } from '../../identity/index.ts';
import { type HeldParts, readHeld } from './held.ts';

export interface ExportParts extends HeldParts {
  readonly audit: Pick<Audit, 'read'>;
  readonly identity: Pick<Identity, 'keys' | 'sessions' | 'usage'>;
  readonly conversations: Conversations;
  readonly now: () => number;
}

const usageSpanDays = 366;

/**
 * Everything that the house holds of a person, as one JSON document, in pieces: one conversation is held at a time. Secrets
 * of keys are not in it: the house does not have them.
 */
export async function* exportPerson(parts: ExportParts, who: Who): AsyncGenerator<string, void, undefined> {
  const { identity, conversations, audit } = parts;
  const { personId, name, displayName, roles, groups, compartments } = who;
  const field = (title: string, value: unknown): string =>
    `,\n${JSON.stringify(title)}: ${JSON.stringify(value, null, 1)}`;
  yield `{\n"format": "intramuros.person",\n"version": 1,\n"exportedAt": ${JSON.stringify(new Date(parts.now()).toISOString())}`;
  yield field('person', { id: personId, name, displayName, roles, groups, compartments });
  yield field('held', await readHeld(parts, personId));
  yield field('keys', await identity.keys.list(personId));
  yield field('sessions', await identity.sessions.list(personId));
  yield field('usage', await identity.usage.days(personId, usageSpanDays));
  yield ',\n"conversations": [';
  yield* listed(allConversations(conversations));
  yield '],\n"records": [';
  yield* listed(recordsOf(audit, personId));
  yield ']\n}\n';
}

async function* listed(values: AsyncIterable<unknown>): AsyncGenerator<string, void, undefined> {
  let between = '\n';
  for await (const value of values) {
    yield between + JSON.stringify(value);
    between = ',\n';
  }
}

async function* allConversations(conversations: Conversations): AsyncGenerator<object, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await conversations.list({ limit: 100, cursor });
    for (const { id } of page.conversations) {
      yield JSON.parse(await conversations.export(id, { format: 'json', thinking: true })) as object;
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** What the log says of somebody: what they did, and what was done to what is theirs. */
async function* recordsOf(audit: Pick<Audit, 'read'>, personId: string): AsyncGenerator<object, void, undefined> {
  for await (const record of audit.read({})) {
    const { personId: about, ownerId, subject, id } = record.data;
    if (record.actor === personId || [about, ownerId, subject, id].includes(personId)) yield record;
  }
}
