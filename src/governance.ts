import type { Audit } from './audit/index.ts';
import { type Clock, isIntramurosError, type Logger } from './base/index.ts';
import type { ConversationRoom } from './conversations/index.ts';
import type { Governance } from './gateway/index.ts';
import type { Identity } from './identity/index.ts';
import {
  type ConversationLabels,
  type Destination,
  type Label,
  openProposals,
  type PolicyHouse,
  type Subject,
} from './policy/index.ts';
import type { Database } from './store/index.ts';
import type { Upstreams } from './upstreams/index.ts';

export interface OpenGovernanceOptions {
  readonly database: Database;
  readonly policy: PolicyHouse;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Logger;
  readonly conversations: ConversationRoom;
  readonly upstreams: Pick<Upstreams, 'models'>;
  readonly embedded: () => Destination;
  readonly defaultLabel: Label;
  /** Accounts, where there are any: from two people on, changes take two. */
  readonly identity: { readonly mode: Identity['mode'] } & Partial<
    Pick<Identity, 'people' | 'groups' | 'whenTakenOver'>
  >;
}

/** Joins policy with the people and conversations it speaks of. */
export async function openGovernance(options: OpenGovernanceOptions): Promise<Governance> {
  const { database, policy, audit, clock, log, conversations, upstreams, embedded, defaultLabel, identity } = options;
  const fourEyes = (): boolean => identity.mode === 'accounts';
  const labels = labelsOf(conversations);
  // Else whoever becomes the first administrator could approve what they proposed before as somebody else.
  identity.whenTakenOver?.(async (on, personId) => {
    await on.query(`UPDATE proposals SET proposed_by = $1 WHERE proposed_by = 'local'`, [personId]);
  });
  return {
    policy,
    audit,
    defaultLabel,
    proposals: await openProposals({
      database,
      policy,
      audit,
      clock,
      log,
      fourEyes,
      labels,
      ownerOf: conversations.ownerOf,
    }),
    places() {
      const places = new Map([[embedded().id, embedded()]]);
      for (const { destination } of upstreams.models()) places.set(destination.id, destination);
      return [...places.values()];
    },
    subject: (personId) => subjectIn(identity, personId),
    now: () => clock.now(),
  };
}

/** Labels of conversations as proposals lower them. */
function labelsOf(conversations: ConversationRoom): ConversationLabels {
  return {
    async find(conversationId, personId) {
      try {
        return await conversations.of(personId).get(conversationId);
      } catch (error) {
        if (isIntramurosError(error) && error.code === 'conversation_not_found') return undefined;
        throw error;
      }
    },
    async lower(on, { conversationId, from, to, by, reason, proposalId, at }) {
      const source = { kind: 'downgrade', id: proposalId, label: to, by, reason, at } as const;
      await conversations.lower(conversationId, to, source, { on, from });
    },
  };
}

/** A person as policy sees them, from memory. */
function subjectIn({ people, groups }: OpenGovernanceOptions['identity'], personId: string): Subject | undefined {
  const person = people?.find(personId);
  if (person === undefined) return undefined;
  const memberOf = person.groups.flatMap((id) => groups?.find(id) ?? []);
  const distinct = (names: readonly string[]): string[] => [...new Set(names)].sort();
  return {
    id: person.id,
    roles: distinct([...person.roles, ...memberOf.flatMap(({ roles }) => roles)]),
    groups: person.groups,
    compartments: distinct(memberOf.flatMap(({ compartments }) => compartments)),
    ceiling: person.ceiling,
  };
}
