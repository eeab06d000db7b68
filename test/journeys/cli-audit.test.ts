import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand, startServe, temporaryHome } from '../parts/command.ts';
import { startWitness } from '../parts/witness-server.ts';

const home = temporaryHome();
after(() => home[Symbol.dispose]());
const quiet = { INTRAMUROS_OPTIMIZE: 'off', INTRAMUROS_LOG_LEVEL: 'error', INTRAMUROS_USE_FOUND_MODELS: 'false' };

interface State {
  readonly publicKey: string;
  readonly standing: string;
  readonly size: number;
}

test('the log is shown, witnessed by a witness outside, searched, exported and verified without a server', async () => {
  const plain = { home: home.path, environment: quiet };
  const stateOf = async (...args: string[]): Promise<State> => {
    const { stdout, stderr } = await runCommand(['audit', ...args, '--json'], plain);
    assert.equal(stderr, '');
    return JSON.parse(stdout) as State;
  };
  let key = '';
  {
    await using _first = await startServe(plain);
    const state = await stateOf();
    key = state.publicKey;
    assert.equal(state.standing, 'self-attested');
    assert.match((await runCommand(['audit'], plain)).stdout, /Public key: /);
  }
  await using witness = await startWitness(key);
  const file = join(home.path, 'out.jsonl');
  {
    const environment = { ...quiet, INTRAMUROS_AUDIT_WITNESSES: witness.setting };
    await using _second = await startServe({ home: home.path, environment });
    const state = await stateOf('anchor');
    assert.equal(state.standing, 'witnessed');
    const french = { home: home.path, environment: { ...quiet, LANG: 'fr_FR.UTF-8' } };
    assert.match((await runCommand(['audit'], french)).stdout, /confirmé par des témoins/);
    const found = await runCommand(['audit', 'search', 'witness.example', '--kinds', 'anchor', '--json'], plain);
    const { records } = JSON.parse(found.stdout) as { records: { kind: string; data: { sentBytes: number } }[] };
    assert.ok(records.length >= 1 && records.every(({ kind, data }) => kind === 'anchor' && data.sentBytes > 0));
    assert.equal((await runCommand(['audit', 'export', file], plain)).code, 0);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { seq: number }).seq),
      lines.map((_, seq) => seq),
    );
    assert.equal((await runCommand(['audit', 'search', '--since', 'yesterday-ish'], plain)).code, 2);
    assert.equal((await runCommand(['receipt'], plain)).code, 2);
    assert.notEqual((await runCommand(['receipt', 'msg_none'], plain)).code, 0);
  }
  const verified = await runCommand(['verify', '--key', key], plain);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
});
