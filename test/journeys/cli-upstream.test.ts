import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand, startServe, temporaryHome } from '../parts/command.ts';
import { openOpenAiUpstream } from '../parts/upstream-servers/index.ts';

const key = 'sk-journey-0123456789';

test('a remote service is declared, tested, switched off and removed at the command line, its key never shown', async () => {
  using home = temporaryHome();
  await using peer = await openOpenAiUpstream({ key });
  await using server = await startServe({ home: home.path });
  const run = async (...args: string[]) => {
    const result = await runCommand(['upstream', ...args], { home: home.path, input: `${key}\n` });
    assert.ok(!(result.stdout + result.stderr).includes(key));
    return result;
  };
  const place = ['--tier', 'on-premises', '--country', 'FR', '--extra-eu-exposure', 'no'];
  const what = ['--kind', 'openai', '--url', `${peer.url}/v1`, '--models', 'echo'];
  const vague = await run('add', 'peer', ...what, '--tier', 'on-premises');
  assert.equal(vague.code, 2, 'an attribute that decides is asked for, not guessed');
  const added = await run('add', 'peer', ...what, ...place, '--secret-file', '-');
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /peer\/echo/);
  assert.equal((await run('add', 'peer', ...what, ...place)).code, 1, 'the id is taken');
  const tested = await run('test', 'peer', '--json');
  const result = JSON.parse(tested.stdout);
  assert.deepEqual([tested.code, result.ok, result.models], [0, true, ['echo']], tested.stdout);
  peer.faults.push({ kind: 'status', status: 401 });
  const refused = await run('test', 'peer', '--language', 'fr');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /refuse la clé/);
  const off = await run('disable', 'peer', '--json');
  assert.equal(JSON.parse(off.stdout).enabled, false);
  const listed = await run('list');
  assert.match(listed.stdout, /peer\s+openai\s+on-premises\s+FR\s+1\s+no/);
  assert.equal((await run('remove', 'peer')).code, 0);
  const declared = {
    title: 'From a file',
    kind: 'openai',
    urls: [`${peer.url}/v1`],
    destination: { tier: 'saas', extraEuExposure: true },
  };
  const file = join(home.path, 'declared.json');
  writeFileSync(file, JSON.stringify(declared));
  assert.match((await run('add', 'filed', '--file', file)).stdout, /From a file/);
  assert.ok(!server.output().includes(key), 'the log holds no secret');
});
