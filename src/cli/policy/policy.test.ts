import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand, temporaryHome } from '../../../test/parts/command.ts';
import { embeddedPlace, passRequest } from '../../../test/parts/places.ts';
import { openTestGate } from '../../../test/parts/test-gate.ts';
import { shippedFiles } from '../../policy/index.ts';

function writeFolder(path: string, extra: string): string {
  mkdirSync(path, { recursive: true });
  const rules = shippedFiles().filter(({ name }) => name.endsWith('.cedar'));
  for (const { name, text } of [...rules, { name: '50-ours.cedar', text: extra }])
    writeFileSync(join(path, name), text);
  return path;
}

const closed =
  '@id("ours-closed")\n@reason("ours")\nforbid (principal, action, resource)\nwhen { context.label.atLeast.contains("SENSIBLE") };\n';

test('policy test asks the cases of the product, and names the place of a fault in a folder', async () => {
  using home = temporaryHome();
  const good = await runCommand(['policy', 'test'], { home: home.path });
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /^\d{2,} cases as expected, 0 not/);
  const folder = writeFolder(join(home.path, 'ours'), closed.replace('atLeast', 'atLeats'));
  const bad = await runCommand(['policy', 'test', folder], { home: home.path, environment: { LANG: 'fr_FR.UTF-8' } });
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /^50-ours\.cedar:4: .*did you mean `atLeast`/);
});

test('policy diff asks past decisions again without a server', async () => {
  using home = temporaryHome();
  await using room = openTestGate(home.path);
  for (const label of ['INTERNE', 'SENSIBLE']) await room.gate.pass(passRequest(label, embeddedPlace));
  const folder = writeFolder(join(home.path, 'ours'), closed);
  const said = await runCommand(['policy', 'diff', folder, '--json'], { home: home.path });
  assert.equal(said.code, 0, said.stderr);
  const { decisions, changes, changed } = JSON.parse(said.stdout);
  assert.deepEqual([decisions, changes], [2, 1]);
  assert.deepEqual(
    [changed[0].label.level, changed[0].before, changed[0].after, changed[0].rules],
    ['SENSIBLE', 'allow', 'deny', ['ours-closed']],
  );
});

test('policy says how it is called', async () => {
  using home = temporaryHome();
  for (const args of [
    ['policy', 'dance'],
    ['policy', 'diff'],
    ['policy', 'explain'],
    ['policy', 'approve'],
  ])
    assert.equal((await runCommand(args, { home: home.path })).code, 2, args.join(' '));
});
