import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { platformPackages, root } from '../bin/runtime.mjs';
import { installFailure } from './parts/dependencies.mjs';

function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'intramuros-scripts-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A checkout with scripts and lock file only, whose npm does what `program` says. */
function smallCheckout(folder, program) {
  for (const name of ['scripts', 'bin', 'package.json', 'package-lock.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, 'npm'));
  const npm = join(folder, 'npm', 'npm-cli.cjs');
  writeFileSync(npm, `const fs = require('node:fs');\n${program}`);
  return () =>
    spawnSync(process.execPath, [join(folder, 'scripts', 'setup.mjs')], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LANG: 'C', npm_execpath: npm },
    });
}

test('set-up installs once, and a second run calls npm no more', () => {
  using folder = temporaryFolder();
  const calls = join(folder.path, 'calls');
  const setUp = smallCheckout(
    folder.path,
    `fs.appendFileSync(${JSON.stringify(calls)}, process.argv.slice(2).join(' ') + '\\n'); fs.mkdirSync('node_modules', { recursive: true });`,
  );
  const first = setUp();
  assert.match(first.stderr, /Installing packages.*Set-up is complete/s);
  assert.equal(first.status, 0);
  const second = setUp();
  assert.equal(second.status, 0);
  assert.doesNotMatch(second.stderr, /Installing/);
  assert.match(readFileSync(calls, 'utf8'), /^install --no-save .*\n$/);
  // a changed lock file is installed again
  writeFileSync(join(folder.path, 'package-lock.json'), `${readFileSync(join(root, 'package-lock.json'), 'utf8')}\n`);
  assert.match(setUp().stderr, /Installing packages/);
});

test('an install that fails says why in words, exits 1, and is tried again', () => {
  using folder = temporaryFolder();
  const setUp = smallCheckout(
    folder.path,
    "process.stderr.write('npm error code ENOTFOUND\\nnpm error network request failed\\n'); process.exit(1);",
  );
  for (const _attempt of [1, 2]) {
    const { status, stderr } = setUp();
    assert.equal(status, 1);
    assert.match(stderr, /registry cannot be reached/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
  assert.ok(!existsSync(join(folder.path, 'node_modules', '.intramuros-setup')));
});

test("npm's failures are told apart", () => {
  const cases = [
    ['npm error code ENOSPC\nnpm error nospc There appears to be insufficient space', /disk is full/],
    ['npm error code EACCES\nnpm error path /x', /may not write/],
    ['npm error code EAI_AGAIN', /registry cannot be reached/],
    ['npm error code EINTEGRITY\nnpm error sha512 mismatch', /could not install the packages: .*EINTEGRITY/],
    ['', /gave no reason/],
  ];
  for (const [errors, wanted] of cases) assert.match(installFailure(errors).message, wanted);
});

test('the reporter adds up what passed, failed and was skipped, and shows a failure whole', () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'some.test.mjs');
  const summary = join(folder.path, 'summary.json');
  writeFileSync(
    file,
    `import { test } from 'node:test';
     test('good', () => {});
     test('bad', () => { throw new Error('the reason'); });
     test('later', { skip: 'no browser' }, () => {});
     test('group', async (t) => { await t.test('inner', () => { throw new Error('inner reason'); }); });`,
  );
  const reporter = join(root, 'scripts', 'parts', 'reporter.mjs');
  const { stdout, status } = spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, file], {
    encoding: 'utf8',
    // not the context of this very run, which would refuse a run inside it
    env: { PATH: process.env.PATH, INTRAMUROS_TEST_SUMMARY: summary },
  });
  assert.equal(status, 1);
  assert.deepEqual(JSON.parse(readFileSync(summary, 'utf8')), { passed: 1, failed: 3, skipped: 1 });
  assert.match(stdout, /FAILED .*"bad"\nError: the reason/);
  assert.match(stdout, /inner reason/);
  assert.match(stdout, /skipped: .*"later": no browser/);
});

const withoutExecve = 'data:text/javascript,delete process.execve';

/** Runs the launcher over a small program, as on a Node that can and on one that cannot replace itself. */
function launch(folder, program, options = []) {
  mkdirSync(join(folder, 'src'), { recursive: true });
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'src', 'main.ts'), program);
  return spawnSync(process.execPath, [...options, join(folder, 'bin', 'intramuros'), 'a b', '--c'], {
    encoding: 'utf8',
    timeout: 30_000,
  });
}

for (const [name, options] of [
  ['replaces itself', []],
  ['waits for its child', ['--import', withoutExecve]],
]) {
  test(`the launcher that ${name} passes arguments, output, exit code and signal`, () => {
    using folder = temporaryFolder();
    const done = launch(
      folder.path,
      'console.log(JSON.stringify(process.argv.slice(2))); process.exit(7 as number);',
      options,
    );
    assert.equal(done.stdout.trim(), '["a b","--c"]');
    assert.equal(done.status, 7);
    const killed = launch(folder.path, "process.kill(process.pid, 'SIGKILL');", options);
    assert.equal(killed.signal, 'SIGKILL');
  });
}

test('a signal to the waiting launcher reaches the program', () => {
  using folder = temporaryFolder();
  const program = `process.on('SIGTERM', () => { console.log('asked to stop'); process.exit(5); });
    setInterval(() => {}, 1000); process.kill(process.ppid, 'SIGTERM');`;
  const { stdout, status } = launch(folder.path, program, ['--import', withoutExecve]);
  assert.match(stdout, /asked to stop/);
  assert.equal(status, 5);
});

test('every platform with a runtime package has an engine package', () => {
  for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64']) {
    const { runtime, engine } = platformPackages(platform);
    assert.ok(runtime && engine, platform);
  }
});
