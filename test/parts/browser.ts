import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const root = resolve(import.meta.dirname, '../..');
/** The page as it is built for people. */
export const pageFolder = join(root, 'web/dist');

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The browser of this machine: `INTRAMUROS_TEST_CHROMIUM` or `CHROMIUM_BIN`, else the usual places; undefined without one. */
export function findChromium(): string | undefined {
  const given = process.env.INTRAMUROS_TEST_CHROMIUM ?? process.env.CHROMIUM_BIN;
  if (given !== undefined) return given === '' ? undefined : given;
  return usualPlaces.find((path) => existsSync(path));
}

/** Opens it without anything of its own that would use the network. */
export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--force-color-profile=srgb',
    ],
  });
}

const newest = (path: string): number => {
  if (!statSync(path).isDirectory()) return statSync(path).mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => (name === 'dist' ? 0 : newest(join(path, name)))));
};

/** Builds the page when its sources are newer than what was built. */
export function buildPageWhenStale(): void {
  const built = join(pageFolder, 'index.html');
  if (existsSync(built) && statSync(built).mtimeMs >= newest(join(root, 'web'))) return;
  execFileSync(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', 'web'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
