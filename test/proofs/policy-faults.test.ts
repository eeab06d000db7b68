import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openAudit } from '../../src/audit/index.ts';
import { type Clock, isIntramurosError, silentLog, systemClock } from '../../src/base/index.ts';
import { type Cedar, loadCedar } from '../../src/policy/cedar/load-cedar.ts';
import { openGate, openPolicy, type PolicyHouse, shippedFiles } from '../../src/policy/index.ts';
import { embeddedPlace, passRequest, place, serversPlace, servicePlace } from '../parts/places.ts';
import { seededRandom } from '../parts/random.ts';

const log = silentLog();
const counts = { passes: 0, embedded: 0, refused: 0, broken: 0, kills: 0, old: 0, renewed: 0 };
const labels = ['PUBLIC', 'INTERNE', 'SENSIBLE', 'SP', 'PUBLIC; mentions=PII', 'DR', 'SECRET'];
const elsewhere = [serversPlace, servicePlace, place('iaas', 'iaas', { country: 'FR' }), place('paas', 'paas')];

function home(): string {
  const path = mkdtempSync(join(tmpdir(), 'intramuros-faults-'));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Passes every label to every place; nothing but the embedded engine may come out. */
async function onlyEmbedded(gate: ReturnType<typeof openGate>): Promise<void> {
  for (const label of labels) {
    for (const destination of [embeddedPlace, ...elsewhere]) {
      counts.passes += 1;
      try {
        const clearance = await gate.pass(passRequest(label, destination));
        assert.equal(clearance.tier, 'embedded', `${label} was let out to ${destination.id}`);
        assert.ok(label !== 'DR' && label !== 'SECRET', `${label} was let in`);
        counts.embedded += 1;
      } catch (error) {
        assert.ok(isIntramurosError(error), String(error));
        assert.match(error.code, /^(policy_unavailable|audit_unavailable|destination_denied)$/);
        counts.refused += 1;
      }
    }
  }
}

test('with the policy engine trapped, the embedded engine alone answers', async () => {
  let trapped = false;
  const cedar = (how: { fresh: boolean }): Cedar => {
    const real = loadCedar(how);
    const trap = (): never => {
      throw new Error('unreachable');
    };
    return {
      ...real,
      get statefulIsAuthorized() {
        return trapped ? trap : real.statefulIsAuthorized;
      },
    };
  };
  const path = home();
  await using audit = openAudit({ home: path, clock: systemClock, log });
  using policy = openPolicy({ home: path, audit, clock: systemClock, log, cedar });
  trapped = true;
  await onlyEmbedded(openGate({ policy, audit, clock: systemClock, log }));
});

test('with the disk of the record full, the embedded engine alone answers', async (context) => {
  if (!existsSync('/dev/full')) return context.skip('this system has no /dev/full');
  const path = home();
  const clock: Clock = { now: () => Date.parse('2031-01-01T00:00:00Z'), monotonic: () => 0 };
  await using audit = openAudit({ home: path, clock, log });
  symlinkSync('/dev/full', join(path, 'audit', '2031-01.jsonl'));
  using policy = openPolicy({ home: path, audit, clock, log });
  await onlyEmbedded(openGate({ policy, audit, clock, log }));
  rmSync(join(path, 'audit', '2031-01.jsonl'));
});

test('a policy with a fault keeps the old one', async () => {
  const path = home();
  await using audit = openAudit({ home: path, clock: systemClock, log });
  const open = (): PolicyHouse => openPolicy({ home: path, audit, clock: systemClock, log });
  const first = open();
  await first.apply(shippedFiles(), { by: 'proof', expected: first.version, reason: 'proof' });
  const { version } = open();
  const random = seededRandom(7);
  const [levels] = shippedFiles().filter(({ name }) => name.startsWith('20-'));
  const text = levels?.text ?? '';
  const file = join(path, 'policy', '20-levels.cedar');
  for (const fault of [
    'resource.teir',
    'context.label.atLeats',
    'resource.retentionDays',
    '1 + "x"',
    'forbid (',
    '@id("',
  ]) {
    const at = text.indexOf('\n@id(', random.below(text.length - 2_000));
    writeFileSync(
      file,
      `${text.slice(0, at)}\n@id("fault")\nforbid (principal, action, resource)\nwhen { ${fault} };${text.slice(at)}`,
    );
    const again = open();
    assert.deepEqual([again.version, again.state.state], [version, 'previous-in-force'], fault);
    assert.ok(again.state.problem?.includes('20-levels.cedar'));
    counts.broken += 1;
  }
});

const change = `import { openAudit } from '${new URL('../../src/audit/index.ts', import.meta.url).href}';
  import { openPolicy, shippedFiles } from '${new URL('../../src/policy/index.ts', import.meta.url).href}';
  import { silentLog, systemClock } from '${new URL('../../src/base/index.ts', import.meta.url).href}';
  const about = { home: process.env.HOME_UNDER_TEST, log: silentLog(), clock: systemClock };
  const audit = openAudit(about);
  const policy = openPolicy({ ...about, audit });
  const more = { name: '50-ours.cedar', text: '@id("ours-' + process.pid + '")\\nforbid (principal, action, resource) when { resource.tier == "none" };' };
  const files = [...shippedFiles(), more];
  process.stdout.write(policy.check(files).version + '\\n');
  await policy.apply(files, { by: 'proof', expected: policy.version, reason: 'proof' });
  process.stdout.write('applied\\n');
  setInterval(() => {}, 1000);`;

test('a kill -9 while a policy changes leaves all of the old one or all of the new one', async () => {
  const path = home();
  const random = seededRandom(11);
  const rounds = process.env.INTRAMUROS_TEST_SUMMARY === undefined ? 20 : 3;
  let before = shippedVersion(path);
  for (let round = 0; round < rounds; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', change], {
      env: { ...process.env, HOME_UNDER_TEST: path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    // Each step of a change (folder made, renamed away, renamed in, removed) shows here: the kill comes at one of them.
    let steps = random.below(8);
    const watcher = watch(path, () => {
      steps -= 1;
      if (steps < 0) child.kill('SIGKILL');
    });
    let said = '';
    child.stdout.setEncoding('utf8');
    for await (const text of child.stdout) {
      said += text;
      if (said.includes('applied')) child.kill('SIGKILL');
    }
    watcher.close();
    await exited;
    const [wanted = ''] = said.split('\n');
    const found = shippedVersion(path);
    assert.ok(found === before || found === wanted, 'a third policy is in force');
    if (said.includes('applied')) assert.equal(found, wanted, 'an applied policy was lost');
    counts[found === wanted ? 'renewed' : 'old'] += 1;
    counts.kills += 1;
    before = found;
  }
  console.log(
    `PROOF policy-faults ${counts.passes} passes under faults: ${counts.embedded} embedded, ${counts.refused} refused, 0 outside; ${counts.broken} faulty policies, 0 in force; ${counts.kills} kills: ${counts.old} old, ${counts.renewed} new, 0 mixed`,
  );
});

/** The version in force after a start, and nothing wrong with it. */
function shippedVersion(path: string): string {
  const audit = { note() {} } as unknown as Parameters<typeof openPolicy>[0]['audit'];
  using policy = openPolicy({ home: path, audit, clock: systemClock, log });
  assert.equal(policy.state.state, 'in-force', policy.state.problem ?? '');
  return policy.version;
}
