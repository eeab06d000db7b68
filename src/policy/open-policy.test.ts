import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { embeddedPlace, serversPlace, servicePlace, somebody } from '../../test/parts/places.ts';
import { openAudit } from '../audit/index.ts';
import { silentLog, systemClock } from '../base/index.ts';
import { openPolicy, type PolicyFile, type PolicyHouse, parseLabel, shippedFiles } from './index.ts';

const log = silentLog();

function rooms(context: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'intramuros-policy-'));
  const audit = openAudit({ home, clock: systemClock, log });
  context.after(async () => {
    await audit.close();
    rmSync(home, { recursive: true, force: true });
  });
  const open = (fourEyes = false): PolicyHouse =>
    openPolicy({ home, audit, clock: systemClock, log, fourEyes: () => fourEyes });
  return { home, audit, open };
}

const stricter: PolicyFile = {
  name: '50-ours.cedar',
  text: `@id("ours-interne-stays")
@reason("ours")
@words("Our internal data stays.")
forbid (principal, action, resource)
when { context.label.atLeast.contains("INTERNE") && resource.tier != "embedded" };
`,
};
const itsCases: PolicyFile = {
  name: 'cases.yaml',
  text: `today: 2026-11-23
places:
  servers: { tier: on-premises }
cases:
  - { label: INTERNE, place: servers, says: deny, because: ours-interne-stays }
`,
};
const ours = [...shippedFiles().filter(({ name }) => name !== 'cases.yaml'), stricter, itsCases];
const how = (policy: PolicyHouse) => ({ by: 'ada', expected: policy.version, reason: 'test' });
const effect = (policy: PolicyHouse, label: string, destination = serversPlace) =>
  policy.decide({ subject: somebody, action: 'infer', label: parseLabel(label), destination });

test('the policy that the product brings passes its own cases', (context) => {
  const { problems, tests, ok } = rooms(context).open().check(shippedFiles());
  assert.deepEqual({ problems, failures: tests.failures, ok }, { problems: [], failures: [], ok: true });
  assert.ok(tests.passed > 60);
});

test('a stricter rule of an organisation decides, says why in its words, and stays after a restart', async (context) => {
  const { open, audit } = rooms(context);
  const policy = open();
  const shipped = policy.version;
  assert.equal(effect(policy, 'INTERNE').effect, 'allow');
  const state = await policy.apply(ours, how(policy));
  assert.equal(state.state, 'in-force');
  const said = effect(policy, 'INTERNE');
  assert.deepEqual(
    [said.effect, said.reason, said.words, said.rules],
    ['deny', 'ours', 'Our internal data stays.', ['ours-interne-stays']],
  );
  const again = open();
  assert.equal(again.version, state.version);
  assert.notEqual(again.version, shipped);
  assert.equal(effect(again, 'INTERNE').effect, 'deny');
  const changes = await Array.fromAsync(audit.read({ kinds: ['policy'] }));
  const change = changes.find(({ data }) => data.what === 'policy.change');
  assert.deepEqual([change?.actor, change?.data.version, change?.data.previous], ['ada', state.version, shipped]);
});

const broken: Readonly<Record<string, { text: string; file?: string; line: number; words: RegExp }>> = {
  syntax: { text: '@id("a")\npermit (principal, action resource);', line: 2, words: /unexpected token/ },
  type: {
    text: '// é\n@id("a")\nforbid (principal, action, resource)\nwhen { resource.teir == "saas" };',
    line: 4,
    words: /teir.*did you mean `tier`/,
  },
  'no name': { text: 'permit (principal, action, resource);', line: 1, words: /begins with its name/ },
  'a name twice': {
    text: '@id("secret-never")\npermit (principal, action, resource);',
    line: 1,
    words: /already in 20-levels/,
  },
};

for (const [name, { text, line, words }] of Object.entries(broken)) {
  test(`files with a fault (${name}) never come into force, and the place of the fault is named`, async (context) => {
    const { open, home } = rooms(context);
    const policy = open();
    const files = [...shippedFiles(), { name: '60-wrong.cedar', text }];
    const [problem] = policy.check(files).problems;
    assert.deepEqual([problem?.file, problem?.line], ['60-wrong.cedar', line]);
    assert.match(problem?.words ?? '', words);
    await assert.rejects(policy.apply(files, how(policy)), { code: 'policy_invalid' });
    assert.equal(policy.state.state, 'in-force');
    await policy.apply(ours, how(policy));
    writeFileSync(join(home, 'policy', '60-wrong.cedar'), text);
    const again = open();
    assert.equal(again.state.state, 'previous-in-force');
    assert.match(again.state.problem ?? '', new RegExp(`60-wrong.cedar:${line}`));
    assert.equal(again.version, policy.version);
    assert.equal(effect(again, 'INTERNE').rules[0], 'ours-interne-stays');
  });
}

test('files whose cases fail never come into force', async (context) => {
  const policy = rooms(context).open();
  const cases = shippedFiles().find(({ name }) => name === 'cases.yaml');
  const text = `${cases?.text}  - { label: PUBLIC, place: here, says: deny, because: wish }\n`;
  const files = [...shippedFiles().filter(({ name }) => name !== 'cases.yaml'), { name: 'cases.yaml', text }];
  const { ok, tests } = policy.check(files);
  assert.ok(!ok);
  assert.deepEqual(tests.failures, [
    { case: 'PUBLIC → here', expected: 'deny because of wish', found: 'allow (allowed; inside-the-walls)' },
  ]);
  await assert.rejects(policy.apply(files, how(policy)), { code: 'policy_invalid' });
  assert.match(policy.check([stricter, { name: 'cases.yaml', text: 'today: soon' }]).problems[0]?.words ?? '', /today/);
});

test('rules that would let out more than the matrix are stopped by the second opinion', async (context) => {
  const policy = rooms(context).open();
  const open = [{ name: '10-all.cedar', text: '@id("anything-goes")\npermit (principal, action, resource);' }];
  await policy.apply(open, how(policy));
  const said = effect(policy, 'SENSIBLE', servicePlace);
  assert.deepEqual([said.effect, said.reason, said.rules], ['deny', 'disagreement', ['anything-goes', 'lattice']]);
  assert.equal(effect(policy, 'SENSIBLE', embeddedPlace).effect, 'allow');
});

test('of two changes at once made on the same version, the second conflicts', async (context) => {
  const policy = rooms(context).open();
  const both = await Promise.allSettled([policy.apply(ours, how(policy)), policy.apply(shippedFiles(), how(policy))]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  assert.equal((both[1] as PromiseRejectedResult).reason.code, 'conflict');
});

test('where two people are needed, files edited by hand do not come into force by themselves', async (context) => {
  const { open, home } = rooms(context);
  mkdirSync(join(home, 'policy'));
  for (const { name, text } of ours) writeFileSync(join(home, 'policy', name), text);
  const strict = open(true);
  assert.equal(strict.state.state, 'previous-in-force');
  assert.match(strict.state.problem ?? '', /changed outside the product/);
  assert.equal(effect(strict, 'INTERNE').effect, 'allow');
  const alone = open(false);
  assert.equal(alone.state.state, 'in-force');
  assert.equal(effect(alone, 'INTERNE').effect, 'deny');
  assert.equal(open(true).state.state, 'in-force', 'what came into force once needs nobody again');
});

test('a change cut short at any step leaves all of the old policy or all of the new one', async (context) => {
  const { open, home } = rooms(context);
  const policy = open();
  await policy.apply(ours, how(policy));
  const { renameSync } = await import('node:fs');
  renameSync(join(home, 'policy'), join(home, 'policy.old')); // killed between the two renames
  mkdirSync(join(home, 'policy.next'));
  writeFileSync(join(home, 'policy.next', '10-half.cedar'), 'permit');
  assert.equal(open().version, policy.version);
  assert.deepEqual(readdirSync(home).sort(), ['audit', 'audit.key', 'policy']);
});

test('a place without a rule, and the nearest place of several', (context) => {
  const policy = rooms(context).open();
  const request = { subject: somebody, action: 'infer', label: parseLabel('SENSIBLE') } as const;
  assert.equal(policy.nearest(request, [servicePlace, serversPlace, embeddedPlace])?.id, 'embedded');
  assert.equal(policy.nearest(request, [servicePlace, serversPlace])?.id, 'servers');
  assert.equal(policy.nearest(request, [servicePlace]), undefined);
});
