// Finds the browser that the page's journeys run in, and installs it on a Debian machine that runs as root for CI.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say } from './say.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** Path of a Chromium on this machine: INTRAMUROS_TEST_CHROMIUM, the PATH, the usual places; `undefined` when none. */
export function findChromium() {
  const given = process.env.INTRAMUROS_TEST_CHROMIUM;
  if (given !== undefined) return given === '' ? undefined : given;
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  return [...onPath, ...places].find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run: the next place may have it
  }
}

/** True where a package manager may be used unasked: root on Debian or Ubuntu, in CI. */
const mayInstall = () => Boolean(process.env.CI) && process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get');

/** The browser, after installing it where that is allowed. */
export function ensureChromium() {
  const found = findChromium();
  if (found !== undefined || !mayInstall()) return found;
  say({
    en: 'Installing Chromium for the browser tests…',
    fr: 'Installation de Chromium pour les tests du navigateur…',
  });
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: environment });
  }
  return findChromium();
}
