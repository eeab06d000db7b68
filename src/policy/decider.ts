import { type Answer, ask } from './cedar/ask.ts';
import type { CompiledRules, Rule } from './cedar/compile.ts';
import { type Cedar, loadCedar } from './cedar/load-cedar.ts';
import { latticeEffect } from './lattice.ts';
import type { Decision, DecisionRequest, Effect } from './types.ts';

export interface DeciderOptions {
  readonly rules: CompiledRules;
  readonly version: string;
  /** Tests hand in an engine that fails. */
  readonly cedar?: (how: { readonly fresh: boolean }) => Cedar;
  readonly mostRemembered?: number;
}

/** One version of the policy, ready to decide. */
export interface Decider {
  readonly version: string;
  /** `today` is `2026-11-23`. Memoised; one object for equal questions. @throws {Error} when Cedar fails twice. */
  decide(request: DecisionRequest, today: string): Decision;
  readonly remembered: number;
  /** Lets its place inside Cedar go. */
  close(): void;
}

/** Reasons from the one that matters most; a refusal shows the first. */
const weight = [
  'marking',
  'compartment',
  'ceiling',
  'enclave',
  'label_above_tier',
  'secrets',
  'foreign_law',
  'certificate_expired',
  'certificate_missing',
  'no_agreement',
  'retention',
  'training',
];

const order = { deny: 0, pseudonymise: 1, allow: 2 } as const satisfies Record<Effect, number>;
const freeSlots: string[] = [];
let slots = 0;

/**
 * Cedar decides, and the lattice must not say less. Asked as the data stands; refused, asked once more as it would stand
 * with names and identifiers replaced, unless a rule that refused does not care about that.
 */
export function openDecider(options: DeciderOptions): Decider {
  const { rules, version, cedar: load = loadCedar, mostRemembered = 20_000 } = options;
  const memo = new Map<string, Decision>();
  // Cedar keeps what it compiled by name and forgets nothing: names are used again.
  const slot = freeSlots.pop() ?? `rules-${++slots}`;
  let cedar = prepare(load({ fresh: false }), slot, rules);

  const consult = (request: DecisionRequest, today: string, pseudonymised: boolean): Answer =>
    ask(cedar, slot, { request, today, pseudonymised, withId: rules.namesPeople });

  const judge = (request: DecisionRequest, today: string): Decision => {
    const clear = consult(request, today, false);
    const cared = clear.rules.every((id) => rules.rules.get(id)?.asksPseudonymised);
    const masked = !clear.allowed && cared ? consult(request, today, true) : undefined;
    const effect: Effect = clear.allowed ? 'allow' : masked?.allowed ? 'pseudonymise' : 'deny';
    if (order[effect] > order[latticeEffect(request, today)]) return disagreement(effect, clear, version);
    const deciding = effect === 'deny' && masked !== undefined && masked.rules.length > 0 ? masked : clear;
    return toDecision(effect, deciding, rules.rules, version);
  };

  return {
    version,
    decide(request, today) {
      const key = keyOf(request, today, rules.namesPeople);
      const known = memo.get(key);
      if (known !== undefined) return known;
      let decision: Decision;
      try {
        decision = judge(request, today);
      } catch {
        // A trap leaves the engine's memory in any state: once more in a new one, and then it fails for good.
        cedar = prepare(load({ fresh: true }), slot, rules);
        decision = judge(request, today);
      }
      if (memo.size >= mostRemembered) memo.delete(memo.keys().next().value as string);
      memo.set(key, decision);
      return decision;
    },
    get remembered() {
      return memo.size;
    },
    close() {
      memo.clear();
      freeSlots.push(slot);
    },
  };
}

function prepare(cedar: Cedar, slot: string, { texts }: CompiledRules): Cedar {
  const answer = cedar.preparsePolicySet(slot, { staticPolicies: texts });
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  return cedar;
}

function toDecision(
  effect: Effect,
  { rules: ids }: Answer,
  rules: ReadonlyMap<string, Rule>,
  version: string,
): Decision {
  const found = ids.flatMap((id) => rules.get(id) ?? []);
  const said = { rules: Object.freeze(ids), policyVersion: version, effect };
  if (effect === 'allow') return Object.freeze({ ...said, reason: 'allowed', words: 'This place may receive it.' });
  const [first] = found.toSorted((a, b) => rank(a.reason) - rank(b.reason));
  if (first === undefined) return Object.freeze({ ...said, reason: 'no_rule', words: 'No rule permits this place.' });
  return Object.freeze({ ...said, reason: first.reason, words: first.words });
}

function disagreement(effect: Effect, { rules }: Answer, policyVersion: string): Decision {
  const words = `The rules would say "${effect}" and the second opinion says less: nothing goes out until both agree.`;
  return Object.freeze({ effect: 'deny', rules: [...rules, 'lattice'], words, reason: 'disagreement', policyVersion });
}

/** An organisation's own reasons come after those; what pseudonymisation would heal comes last. */
function rank(reason: string): number {
  const at = weight.indexOf(reason);
  return at !== -1 ? at : weight.length + (reason === 'not_pseudonymised' ? 1 : 0);
}

/** Everything that an answer depends on. Made anew each time: a destination that is changed is another one. */
function keyOf({ subject, action, label, destination: d }: DecisionRequest, today: string, withId: boolean): string {
  const { secnumcloud: s, hds: h } = d;
  return JSON.stringify([
    today,
    action,
    [label.level, label.mentions, label.compartments],
    [withId ? subject.id : '', subject.roles, subject.groups, subject.compartments, subject.ceiling?.level],
    [
      d.id,
      d.tier,
      d.country,
      d.operatorCountry,
      d.extraEuExposure,
      d.retentionDays,
      d.trainsOnData,
      d.dpaRef,
      d.enclave,
    ],
    s && [s.certificate, s.scope, s.expires],
    h && [h.certificate, h.scope, h.expires],
  ]);
}
