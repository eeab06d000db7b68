import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { runCommand, startServe, temporaryHome } from '../parts/command.ts';

const home = temporaryHome();
const quiet = { INTRAMUROS_OPTIMIZE: 'off', INTRAMUROS_LOG_LEVEL: 'error', INTRAMUROS_USE_FOUND_MODELS: 'false' };
const start = () => startServe({ home: home.path, environment: quiet });
const run = (...args: string[]) => runCommand(args, { home: home.path, environment: quiet });
let server: Awaited<ReturnType<typeof start>>;
before(async () => {
  server = await start();
});
after(async () => {
  await server[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

test('status, connections, rules and the doctor tell what leaves and what stops it', async () => {
  const status = await run('egress', '--json');
  assert.equal(status.code, 0, status.stderr);
  const state = JSON.parse(status.stdout) as { unexplainedBytes: number; allowList: { purpose: string }[] };
  assert.equal(state.unexplainedBytes, 0);
  assert.ok(state.allowList.every(({ purpose }) => purpose === 'model-pull'));
  assert.match((await run('egress')).stdout, /Nothing left this machine/);
  const listed = await run('egress', 'connections', '--json', '--limit', '5');
  const { connections } = JSON.parse(listed.stdout) as { connections: { refused: string | null }[] };
  // Making the new database, and all else that a start does, meets no refusal of the guard.
  assert.deepEqual(
    connections.filter(({ refused }) => refused !== null),
    [],
  );
  const rules = await run('egress', 'rules', 'systemd');
  assert.match(rules.stdout, /IPAddressDeny=any/);
  assert.match(rules.stdout, /# huggingface\.co port 443 \(model-pull\): not resolved/);
  assert.match((await run('egress', 'rules', 'nftables', '--user', 'llm')).stdout, /meta skuid != llm accept/);
  const doctor = await run('doctor', 'egress', '--json');
  const { findings } = JSON.parse(doctor.stdout) as { findings: { check: string; state: string; found: string }[] };
  assert.deepEqual(
    findings.map(({ check }) => check),
    ['egress-door', 'egress-guard', 'egress-engine', 'egress-database', 'egress-host'],
  );
  if (process.platform === 'linux') assert.equal(doctor.code, 0, doctor.stdout);
  assert.equal((await run('egress', 'offline', 'perhaps')).code, 2);
});

test('the offline switch works at once, is on record, and holds over a restart', async () => {
  const on = await run('egress', 'offline', 'on');
  assert.match(on.stdout, /Offline/);
  const pull = await run('pull', 'hf.co/nobody/nothing');
  assert.match(pull.stderr, /offline/);
  await server[Symbol.asyncDispose]();
  const direct = await run('pull', 'hf.co/nobody/nothing');
  assert.match(direct.stderr, /offline/, 'a command without a server holds to it too');
  server = await start();
  assert.equal((JSON.parse((await run('egress', '--json')).stdout) as { offline: boolean }).offline, true);
  assert.equal((await run('egress', 'offline', 'off')).code, 0);
  const month = new Date().toISOString().slice(0, 7);
  const records = readFileSync(`${home.path}/audit/${month}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    records.filter(({ kind, data }) => kind === 'egress' && 'offline' in data).map(({ data }) => data.offline),
    [true, false],
  );
});
