import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type CommandResult, runCommand, temporaryHome } from '../parts/command.ts';

const home = temporaryHome();
after(() => home[Symbol.dispose]());
const run = (
  args: readonly string[],
  more: { input?: string | Uint8Array; environment?: Record<string, string> } = {},
): Promise<CommandResult> => runCommand(args, { home: home.path, ...more });
const french = { LANG: 'fr_FR.UTF-8' };

describe('without a server', () => {
  test('no command shows the help and exits 2; --help exits 0; --version says it', async () => {
    const bare = await run([]);
    assert.equal(bare.code, 2);
    assert.match(bare.stdout, /Commands/);
    const asked = await run(['--help'], { environment: french });
    assert.equal(asked.code, 0);
    assert.match(asked.stdout, /Commandes[\s\S]*Démarrer le serveur/);
    const version = await run(['--version']);
    assert.match(version.stdout, /^intramuros \d+\.\d+\.\d+\n$/);
  });

  test('a mistake exits 2 with one sentence and where to look, on standard error alone', async () => {
    const { code, stdout, stderr } = await run(['ask', '--modle', 'x', 'hi'], { environment: french });
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      /^intramuros: L’option --modle n’existe pas.*--model\u00a0\?\nAide\u00a0: intramuros help ask\n$/,
    );
  });

  test('settings are set, read, listed with their origin, and unset; a wrong one changes nothing', async () => {
    assert.equal((await run(['config', 'set', 'keepAlive', '30m'])).code, 0);
    assert.equal((await run(['config', 'get', 'keepAlive'])).stdout, '30m\n');
    const wrong = await run(['config', 'set', 'port', '99999']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /Setting "port"/);
    const file = join(home.path, 'config.json');
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { keepAlive: '30m' });
    assert.equal(statSync(file).mode & 0o077, 0);
    const listed = await run(['config', 'list', '--json'], {
      environment: { DATABASE_URL: 'postgres://me:hush@db/x', INTRAMUROS_PORT: '8421' },
    });
    const { settings } = JSON.parse(listed.stdout) as { settings: { name: string; value: string; origin: string }[] };
    const of = (name: string) => settings.find((setting) => setting.name === name);
    assert.equal(of('keepAlive')?.origin, 'file');
    assert.equal(of('port')?.origin, 'environment');
    assert.match(of('databaseUrl')?.value ?? '', /^postgres:\/\/me:\*\*\*@db/);
    assert.doesNotMatch(listed.stdout, /hush/);
    assert.equal((await run(['config', 'unset', 'keepAlive'])).code, 0);
    assert.equal((await run(['config', 'get', 'keepAlive'])).stdout, '5m\n');
  });

  test('a broken config.json is named, and config set still says what to do', async () => {
    using broken = temporaryHome();
    writeFileSync(join(broken.path, 'config.json'), '{ nonsense');
    const { code, stderr } = await runCommand(['list'], { home: broken.path });
    assert.equal(code, 1);
    assert.match(stderr, /config\.json is not JSON.*Correct it or remove it/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

  test('stop without a server says so, in a document too', async () => {
    const { code, stdout, stderr } = await run(['stop', 'x', '--json']);
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'server_not_running');
    assert.match(stderr, /intramuros serve/);
  });

  test('bash completes commands, and what stands after a colon', {
    skip: spawnSync('bash', ['-c', 'exit 0']).status === 0 ? false : 'no bash here',
  }, async () => {
    const { stdout } = await run(['completion', 'bash']);
    const bin = join(import.meta.dirname, '..', '..', 'bin');
    const complete = (line: string): string[] => {
      const script = `${stdout}\nCOMP_LINE=$1; COMP_POINT=\${#1}; _intramuros; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout: words } = spawnSync('bash', ['-c', script, 'bash', line], {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, INTRAMUROS_HOME: home.path },
      });
      return words.trim().split('\n');
    };
    assert.deepEqual(complete('intramuros do'), ['doctor']);
    assert.ok(complete('intramuros config set def').includes('defaultModel'));
    assert.ok(complete('intramuros pull smollm2:').includes('135m'));
  });
});
