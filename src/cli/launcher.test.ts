import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { launcherGone } from './launcher.ts';

test('a launcher that went before the watch began is gone, and the living one is not', () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  const environment = { INTRAMUROS_LAUNCHER_PID: String(pid) };
  using dead = launcherGone(environment);
  assert.equal(dead.signal.aborted, true);
  assert.deepEqual(environment, {}); // a program started from here has another launcher
  using alive = launcherGone({ INTRAMUROS_LAUNCHER_PID: String(process.ppid) });
  assert.equal(alive.signal.aborted, false);
  using none = launcherGone({});
  assert.equal(none.signal.aborted, false);
});
