import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'intramuros-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program to its end; what it wrote is in the failure when it fails. */
function execute(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env: environment });
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stderr}\n${stdout}`);
  return stdout;
}

/**
 * Puts the packed package into a node_modules folder beside the packages it depends on, which are those of the checkout:
 * what npm would fetch is not what is tried here.
 */
function install(): string {
  execute(process.execPath, [join(root, 'scripts', 'bundle.mjs')], root);
  const packed = JSON.parse(execute('npm', ['pack', '--json', '--pack-destination', folder], root)) as {
    filename: string;
  }[];
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  const existing = realpathSync(join(root, 'node_modules'));
  for (const name of readdirSync(existing)) {
    if (!name.startsWith('.') && name !== 'intramuros') symlinkSync(join(existing, name), join(modules, name));
  }
  execute('tar', ['-xzf', join(folder, packed[0]?.filename ?? ''), '-C', modules], folder);
  execute('mv', [join(modules, 'package'), join(modules, 'intramuros')], folder);
  return join(modules, 'intramuros');
}

test('the published package runs from a node_modules folder, with its engine and its database', () => {
  const installed = install();
  const program = join(installed, 'bin', 'intramuros');
  const home = join(folder, 'home');
  const environment = { PATH: process.env.PATH, HOME: folder, INTRAMUROS_HOME: home, INTRAMUROS_PORT: '0', LANG: 'C' };
  const run = (...args: string[]) => execute(process.execPath, [program, ...args], folder, environment);
  assert.match(run('--version'), /^intramuros \d/);
  const { problems, findings } = JSON.parse(run('doctor', '--json')) as {
    problems: number;
    findings: { check: string; state: string }[];
  };
  assert.equal(problems, 0);
  for (const check of ['engine', 'database', 'data_directory', 'port']) {
    assert.equal(findings.find((finding) => finding.check === check)?.state, 'ok', check);
  }
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  assert.ok(files.includes(join('web', 'dist', 'index.html')));
  assert.deepEqual(
    files.filter((file) => /\.test\.|\.ts$|\.map$/.test(file)),
    [],
  );
});
