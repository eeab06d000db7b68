import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { test } from 'node:test';
import { openAudit } from '../../src/audit/index.ts';
import { type Clock, silentLog } from '../../src/base/index.ts';
import {
  type Decision,
  type Destination,
  type Effect,
  isWithin,
  join,
  joinLabelled,
  type Label,
  type Labelled,
  labelled,
  levels,
  mapLabelled,
  openPolicy,
  type PolicyHouse,
  type Subject,
  shippedFiles,
  tiers,
  toLabel,
} from '../../src/policy/index.ts';
import { latticeEffect } from '../../src/policy/lattice.ts';
import { place, somebody } from '../parts/places.ts';
import { type Random, seededRandom } from '../parts/random.ts';

// `npm test` asks fewer, so that it stays quick; `npm run -s proofs` and this file alone ask them all.
const graphs = process.env.INTRAMUROS_TEST_SUMMARY === undefined ? 100_000 : 5_000;
const seed = 20_261_123;
const today = '2026-11-23';
const clock: Clock = { now: () => Date.parse(`${today}T12:00:00Z`), monotonic: () => 0 };
const mentions = ['PII', 'SANTE', 'SECRET_AFFAIRES', 'CODE', 'SECRETS'];
const order: Readonly<Record<Effect, number>> = { deny: 0, pseudonymise: 1, allow: 2 };
const certificate = (expires: string) => ({ certificate: 'C', scope: 'S', expires });
const [valid, expired] = [certificate('2027-01-01'), certificate('2026-11-22')];

/** The matrix once more, as the design states it: best effect of each level at each kind of place, conditions met. */
const matrix: Readonly<Record<string, Readonly<Record<Destination['tier'], Effect>>>> = {
  PUBLIC: { embedded: 'allow', 'on-premises': 'allow', iaas: 'allow', paas: 'allow', saas: 'allow' },
  INTERNE: { embedded: 'allow', 'on-premises': 'allow', iaas: 'allow', paas: 'allow', saas: 'pseudonymise' },
  SENSIBLE: { embedded: 'allow', 'on-premises': 'allow', iaas: 'allow', paas: 'pseudonymise', saas: 'deny' },
  SP: { embedded: 'allow', 'on-premises': 'allow', iaas: 'allow', paas: 'deny', saas: 'deny' },
  DR: { embedded: 'allow', 'on-premises': 'allow', iaas: 'deny', paas: 'deny', saas: 'deny' },
  SECRET: { embedded: 'deny', 'on-premises': 'deny', iaas: 'deny', paas: 'deny', saas: 'deny' },
};

const best = { country: 'FR', secnumcloud: valid, hds: valid, retentionDays: 0, trainsOnData: false, dpaRef: 'D' };
const places: readonly Destination[] = [
  place('embedded', 'embedded'),
  place('enclave', 'embedded', { enclave: true }),
  place('servers', 'on-premises', { country: 'FR' }),
  place('our enclave', 'on-premises', { country: 'FR', enclave: true }),
  place('best iaas', 'iaas', best),
  place('expired iaas', 'iaas', { ...best, secnumcloud: expired }),
  place('exposed iaas', 'iaas', { ...best, extraEuExposure: true }),
  place('unknown iaas', 'iaas'),
  place('best paas', 'paas', best),
  place('bare paas', 'paas', { country: 'FR' }),
  place('exposed paas', 'paas', { ...best, extraEuExposure: true, hds: expired }),
  place('paas abroad', 'paas', { ...best, country: 'US', extraEuExposure: true }),
  place('best saas', 'saas', best),
  place('saas abroad', 'saas', { country: 'US', retentionDays: 0, trainsOnData: false, extraEuExposure: true }),
  place('saas that keeps', 'saas', { country: 'US', retentionDays: 30, trainsOnData: true, extraEuExposure: true }),
  place('unknown saas', 'saas'),
];
const people: readonly Subject[] = [
  somebody,
  { ...somebody, id: 'rh', compartments: ['rh'] },
  { ...somebody, id: 'capped', compartments: ['rh'], ceiling: toLabel({ level: 'SENSIBLE' }) },
];

function randomLabel(random: Random): Label {
  const level = random.chance(0.5) ? random.pick(levels.slice(0, 3)) : random.pick(levels);
  return toLabel({ level, mentions: random.some(mentions, 0.2), compartments: random.chance(0.15) ? ['rh'] : [] });
}

interface Node {
  readonly text: Labelled<string>;
  /** Places in the list of all that went into it, itself not among them. */
  readonly from: readonly number[];
  /** What it brings of its own. */
  readonly own: Label | undefined;
}

/** Documents, questions, answers, titles, summaries, memories, tool results: made of each other as conversations make them. */
function growConversation(random: Random): Node[] {
  const nodes: Node[] = [];
  const bring = (kind: 'document' | 'message' | 'memory' | 'tool'): number => {
    const own = randomLabel(random);
    const id = `${kind}${nodes.length}`;
    return nodes.push({ text: labelled(id, [{ kind, id, label: own }]), from: [], own }) - 1;
  };
  const make = (from: readonly number[]): number => {
    const parts = from.map((at) => (nodes[at] as Node).text);
    const [only] = parts;
    const alone = parts.length === 1 && only !== undefined;
    const text = alone
      ? mapLabelled(only, (value) => value.slice(1))
      : joinLabelled(parts, (values) => values.join(' '));
    return nodes.push({ text, from, own: undefined }) - 1;
  };
  const history: number[] = [];
  for (let turn = 0, turns = 1 + random.below(4); turn < turns; turn += 1) {
    const question = bring('message');
    const context = Array.from({ length: random.below(3) }, () => bring(random.pick(['document', 'memory', 'tool'])));
    const prompt = make([question, ...context, ...history]);
    const answer = make([prompt]);
    if (random.chance(0.4)) make([answer, question]); // a title
    if (random.chance(0.3)) history.push(make([answer, ...random.some(history, 0.5)])); // a memory of it
    history.push(question, answer);
  }
  return nodes;
}

/** The truth, computed another way: everything reachable backwards, level and mentions counted by hand. */
function truth(
  nodes: readonly Node[],
  at: number,
): { height: number; mentions: Set<string>; compartments: Set<string> } {
  const seen = new Set<number>();
  const open = [at];
  const sum = { height: 0, mentions: new Set<string>(), compartments: new Set<string>() };
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const { own, from } = nodes[next] as Node;
    open.push(...from);
    if (own === undefined) continue;
    sum.height = Math.max(sum.height, levels.indexOf(own.level));
    for (const mention of own.mentions) sum.mentions.add(mention);
    for (const name of own.compartments) sum.compartments.add(name);
  }
  return sum;
}

async function withPolicy(work: (policy: PolicyHouse) => void): Promise<void> {
  const home = mkdtempSync(path(tmpdir(), 'intramuros-policy-'));
  try {
    await using audit = openAudit({ home, clock, log: silentLog() });
    using policy = openPolicy({ home, audit, clock, log: silentLog() });
    work(policy);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

test('no path leads from a label to a place that the matrix forbids, over random conversations', async () => {
  await withPolicy((policy) => {
    const random = seededRandom(seed);
    const counts = { legs: 0, allow: 0, pseudonymise: 0, deny: 0, raised: 0 };
    for (let graph = 0; graph < graphs; graph += 1) {
      const nodes = growConversation(random);
      for (const [at, node] of nodes.entries()) {
        const { label } = node.text;
        const real = truth(nodes, at);
        assert.equal(levels.indexOf(label.level), real.height, 'a label is what went into it');
        assert.deepEqual([...label.mentions], [...real.mentions].sort());
        assert.deepEqual([...label.compartments], [...real.compartments].sort());
        if (node.own !== undefined || !random.chance(0.5)) continue;
        const [destination, subject] = [random.pick(places), random.pick(people)];
        const request = { subject, action: 'infer', label, destination } as const;
        const decision = policy.decide(request);
        checkLeg(decision, real, destination, subject);
        assert.equal(decision.effect, latticeEffect(request, today), `Cedar and lattice on ${JSON.stringify(request)}`);
        const higher = join(label, randomLabel(random));
        assert.ok(isWithin(label, higher));
        const raised = policy.decide({ ...request, label: higher });
        assert.ok(order[raised.effect] <= order[decision.effect], 'raising a label opened a place');
        counts.legs += 1;
        counts.raised += 1;
        counts[decision.effect] += 1;
      }
    }
    assert.ok(counts.allow > graphs / 20 && counts.pseudonymise > graphs / 200 && counts.deny > graphs / 20);
    console.log(
      `PROOF conversation-graphs ${graphs} graphs, ${counts.legs} legs (${counts.allow} allowed, ${counts.pseudonymise} to pseudonymise, ${counts.deny} refused), ${counts.raised} raised labels, 0 violations, seed ${seed}`,
    );
  });
});

function checkLeg(
  { effect }: Decision,
  real: ReturnType<typeof truth>,
  destination: Destination,
  subject: Subject,
): void {
  const height = Math.max(real.height, real.mentions.has('PII') ? levels.indexOf('SENSIBLE') : 0);
  const most = matrix[levels[height] ?? 'SECRET']?.[destination.tier] ?? 'deny';
  assert.ok(order[effect] <= order[most], `${levels[height]} went to ${destination.id}: ${effect}`);
  if (effect === 'deny') return;
  const outside = destination.tier !== 'embedded' && destination.tier !== 'on-premises';
  if (levels[real.height] === 'DR') assert.ok(destination.enclave, 'DR outside the enclave');
  if (levels[real.height] === 'SP' && outside) assert.equal(destination.secnumcloud, valid, 'SP without a certificate');
  if (real.mentions.has('SECRETS')) assert.ok(!outside, 'secrets outside');
  if (real.mentions.has('SANTE') && outside) assert.equal(destination.hds, valid, 'health data without HDS');
  for (const name of real.compartments) assert.ok(subject.compartments.includes(name), 'no need to know');
  if (subject.ceiling) assert.ok(real.height <= levels.indexOf(subject.ceiling.level), 'above the ceiling');
}

test('Cedar and the lattice say the same of any place that can be declared', async () => {
  await withPolicy((policy) => {
    const random = seededRandom(seed + 1);
    const decider = policy.candidate(shippedFiles());
    const asked = Math.ceil(graphs / 5);
    for (let n = 0; n < asked; n += 1) {
      const request = {
        subject: random.pick(people),
        action: random.pick(['infer', 'embed', 'rerank', 'tool', 'export'] as const),
        label: randomLabel(random),
        destination: place(`p${n % 7}`, random.pick(tiers), {
          country: random.pick([undefined, 'FR', 'DE', 'NO', 'GB', 'US', 'fr', '']),
          operatorCountry: random.pick([undefined, 'FR', 'US']),
          extraEuExposure: random.chance(0.5),
          secnumcloud: random.pick([undefined, valid, certificate(today), expired]),
          hds: random.pick([undefined, valid, certificate(today), expired]),
          retentionDays: random.pick([undefined, 0, 30]),
          trainsOnData: random.pick([undefined, false, true]),
          dpaRef: random.pick([undefined, '', 'D-1']),
          enclave: random.chance(0.3),
        }),
      };
      const { effect, reason } = decider.decide(request, today);
      assert.equal(effect, latticeEffect(request, today), JSON.stringify(request));
      assert.notEqual(reason, 'disagreement');
    }
    console.log(
      `PROOF cedar-equals-lattice ${asked} random labels, people and places, 0 differences, seed ${seed + 1}`,
    );
  });
});
