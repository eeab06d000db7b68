import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type CommandResult, runCommand, startServe, temporaryHome } from '../parts/command.ts';

const home = temporaryHome();
const environment = { INTRAMUROS_OPTIMIZE: 'off', INTRAMUROS_LOG_LEVEL: 'error', INTRAMUROS_USE_FOUND_MODELS: 'false' };
let server: Awaited<ReturnType<typeof startServe>>;
before(async () => {
  server = await startServe({ home: home.path, environment });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

async function run(
  args: readonly string[],
  more: { code?: number; input?: string; french?: true; key?: string } = {},
): Promise<CommandResult> {
  const result = await runCommand(args, {
    home: home.path,
    ...(more.input === undefined ? {} : { input: more.input }),
    environment: {
      ...environment,
      ...(more.french ? { LANG: 'fr_FR.UTF-8' } : {}),
      ...(more.key ? { INTRAMUROS_API_KEY: more.key } : {}),
    },
  });
  assert.equal(result.code, more.code ?? 0, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result;
}
const signIn = (name: string, password: string): Promise<Response> =>
  fetch(`${server.address}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });

test('a house of several people is set up and kept at the console, in both languages, and every change is recorded', async () => {
  assert.equal(statSync(join(home.path, 'console.token')).mode & 0o777, 0o600);
  assert.match((await run(['user'])).stderr, /There is no account/);
  assert.match((await run(['user', 'add', 'alice'], { code: 2 })).stderr, /--administrator/);
  const alice = await run(['user', 'add', 'alice', '--administrator']);
  assert.equal((await signIn('alice', alice.stdout.trim())).status, 200, 'the password that was shown works');
  assert.doesNotMatch(alice.stderr, new RegExp(alice.stdout.trim()));

  await run(['role', 'set', 'no-saas', '--deny', 'destination.use:saas-*']);
  await run(['group', 'add', 'rh', '--compartment', 'rh']);
  const weak = await run(['user', 'add', 'bob', '--password-stdin'], { input: 'short\n', code: 1, french: true });
  assert.match(weak.stderr, /mot de passe est trop facile/);
  await run(['user', 'add', 'bob', '--role', 'member,no-saas', '--group', 'rh', '--password-stdin'], {
    input: 'a long enough phrase\n',
  });
  assert.equal((await signIn('bob', 'a long enough phrase')).status, 200);
  await run(['user', 'set', 'bob', '--ceiling', 'SENSIBLE;mentions=PII', '--display-name', 'Bob']);
  const shown = await run(['user', 'show', 'bob'], { french: true });
  assert.match(shown.stdout, /marquage le plus haut +SENSIBLE PII[\s\S]*désactivé +non/);
  await run(['group', 'leave', 'rh', 'bob']);
  await run(['group', 'join', 'rh', 'bob']);
  assert.match((await run(['group'])).stdout, /rh +bob/);

  const made = await run(['key', 'create', 'notebook', '--for', 'bob', '--expires', '90d', '--model', 'none/*']);
  const key = made.stdout.trim();
  assert.match(key, /^imu_/);
  const ask = (): Promise<Response> =>
    fetch(`${server.address}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal((await ask()).status, 200);
  assert.match((await run(['key', 'list'])).stdout, /notebook +imu_\S+… +bob +none\/\*/);
  assert.match((await run(['key', 'list'], { key })).stdout, /notebook/, 'a key sees those of its person');
  assert.match((await run(['user', 'list'], { key, code: 1, french: true })).stderr, /droit/);
  const turned = (await run(['key', 'rotate', 'notebook'])).stdout.trim();
  assert.equal((await ask()).status, 401);
  assert.match(turned, /^imu_/);
  await run(['key', 'revoke', 'notebook']);

  await run(['quota', 'set', 'person:bob', '100', 'requests/day']);
  await run(['quota', 'set', 'person:bob', '200', 'requests/day']);
  await run(['quota', 'set', 'group:rh', '12.5', 'money/month']);
  const { quotas } = JSON.parse((await run(['quota', '--json'])).stdout) as { quotas: { id: string; limit: number }[] };
  assert.deepEqual(
    quotas.map(({ limit }) => limit).sort((a, b) => a - b),
    [200, 12_500_000],
  );
  await run(['quota', 'remove', quotas[0]?.id ?? '']);
  assert.match((await run(['quota', 'set', 'bob', '1', 'tokens/day'], { code: 2 })).stderr, /person:NAME/);
  assert.match((await run(['usage'], { french: true })).stderr, /Rien n’a été utilisé/);

  const open = JSON.parse((await run(['user', 'sessions', 'bob', '--json'])).stdout) as { sessions: { id: string }[] };
  assert.equal(open.sessions.length, 1);
  assert.match((await run(['user', 'sessions', 'bob'], { french: true })).stdout, /ses_\w+ +127\.0\.0\.1 +local/);
  await run(['user', 'sign-out', 'bob', open.sessions[0]?.id ?? '']);
  await run(['user', 'sign-out', 'bob']);
  assert.match((await run(['user', 'sessions', 'bob'])).stderr, /bob is signed in nowhere/);

  await run(['user', 'disable', 'bob']);
  assert.equal((await signIn('bob', 'a long enough phrase')).status, 401);
  await run(['user', 'enable', 'bob']);
  await run(['user', 'remove', 'bob']);
  assert.match((await run(['user', 'show', 'bob'], { code: 1 })).stderr, /no account "bob"/);

  const lost = (await run(['user', 'password', 'alice'])).stdout.trim();
  assert.equal(
    (await signIn('alice', lost)).status,
    200,
    'a lost administrator’s password is recovered at the console',
  );

  const records = readFileSync(join(home.path, 'audit', `${new Date().toISOString().slice(0, 7)}.jsonl`), 'utf8');
  for (const what of [
    'person.set-up',
    'person.create',
    'role.',
    'group.create',
    'key.create',
    'key.revoke',
    'quota.',
    'console.used',
    'person.remove',
    'session.end',
    'session.end-all',
  ])
    assert.ok(records.includes(`"${what}`), `${what} is recorded`);
  for (const secret of [alice.stdout.trim(), lost, key, turned, 'a long enough phrase'])
    assert.ok(!records.includes(secret), 'no secret is recorded');
});

test('whoever cannot read the console’s token needs a key, from a file and never from the command line', async () => {
  const path = join(home.path, 'console.token');
  const token = readFileSync(path, 'utf8');
  writeFileSync(path, 'imc_taken-away');
  try {
    assert.match((await run(['user', 'list'], { code: 1 })).stderr, /key|sign in/i);
  } finally {
    writeFileSync(path, token);
  }
  await run(['user', 'list']);
});

test('what signin.json says is checked before a server reads it, and the address to register is given', async () => {
  assert.match((await run(['signin'])).stderr, /no signin.json/);
  const provider = { id: 'pro', title: 'Pro', issuer: 'https://login.example', clientId: 'us', clientSecret: 's' };
  const path = join(home.path, 'signin.json');
  writeFileSync(path, JSON.stringify({ providers: [provider] }), { mode: 0o600 });
  assert.match(
    (await run(['signin'])).stdout,
    /oidc +pro +Pro +https:\/\/login\.example +http:\S+\/api\/session\/oidc\/pro\/callback/,
  );
  writeFileSync(path, JSON.stringify({ providers: [{ ...provider, issuer: 'http://login.example' }] }));
  assert.match((await run(['signin'], { code: 1 })).stderr, /must be https/);
  rmSync(path);
});

test('the token goes when the server stops', async () => {
  await server[Symbol.asyncDispose]();
  assert.equal(existsSync(join(home.path, 'console.token')), false);
});
