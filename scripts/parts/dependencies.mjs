// Installs the packages of package-lock.json when they are not those recorded at the last set-up.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformPackages, root, runtimeMajor } from '../../bin/runtime.mjs';
import { SetupError, step } from './say.mjs';

const modules = join(root, 'node_modules');
const record = join(modules, '.intramuros-setup');

/** Brings node_modules to what the lock file says. Quick and without network when nothing changed. */
export async function ensureDependencies() {
  if (isSymbolicLink(modules)) return; // a second working tree that borrows the packages of the first
  const wanted = wantedDigest();
  if (read(record) === wanted) return;
  const paths = lockedPaths();
  const total = paths.length;
  const present = () => paths.filter((path) => existsSync(join(root, path, 'package.json'))).length;
  const end = step({ en: 'Installing packages', fr: 'Installation des paquets' }, () => `${present()} / ${total}`);
  try {
    await npmInstall(missingHere());
  } catch (error) {
    end({ en: 'failed', fr: 'échec' });
    throw error;
  }
  end();
  writeFileSync(record, wanted);
}

function isSymbolicLink(path) {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const lockText = () => readFileSync(join(root, 'package-lock.json'), 'utf8');
const manifest = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function wantedDigest() {
  const { dependencies, optionalDependencies, devDependencies } = manifest();
  return createHash('sha256')
    .update(lockText())
    .update(JSON.stringify([dependencies, optionalDependencies, devDependencies]))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');
}

/** Paths under which npm will put what the lock holds for this platform. */
function lockedPaths() {
  // `os` and `cpu` are a name or a list of names, where "!name" excludes one.
  const fits = (rule, value) => {
    const list = rule === undefined ? [] : [rule].flat();
    const allowed = list.filter((item) => !item.startsWith('!'));
    return !list.includes(`!${value}`) && (allowed.length === 0 || allowed.includes(value));
  };
  return Object.entries(JSON.parse(lockText()).packages)
    .filter(([path, entry]) => path !== '' && fits(entry.os, process.platform) && fits(entry.cpu, process.arch))
    .map(([path]) => path);
}

/** Packages of this platform that the lock does not hold: the runtime and the engine of macOS and Windows. */
function missingHere() {
  const { optionalDependencies } = manifest();
  const engineVersion = optionalDependencies['@node-llama-cpp/linux-x64'];
  const { runtime, engine } = platformPackages();
  const named = [
    [runtime, runtimeMajor],
    [engine, engineVersion],
  ];
  return named
    .filter(([name]) => name !== undefined && !(name in optionalDependencies))
    .map(([name, version]) => `${name}@${version}`);
}

function npmInstall(extra) {
  // Not `npm ci`: it refuses a lock that holds the optional packages of some platforms only.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error', ...extra];
  // Under `npm start` npm names itself; elsewhere it is on the PATH.
  const cli = process.env.npm_execpath;
  const useCli = cli !== undefined && /npm-cli\.c?js$/.test(cli);
  const child = useCli
    ? spawn(process.execPath, [cli, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
    : spawn('npm', args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors = (errors + data).slice(-20_000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(npmMissing(error)));
    child.on('close', (code) => (code === 0 ? resolve() : reject(installFailure(errors))));
  });
}

function npmMissing(error) {
  return new SetupError({
    en: `npm could not be run (${error.message}). Install Node 20 or later with npm, then start again.`,
    fr: `npm n’a pas pu être lancé (${error.message}). Installez Node 20 ou plus récent avec npm, puis recommencez.`,
  });
}

/** What npm's error output means, in words. */
export function installFailure(errors) {
  const last = errors
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!|warn)\s*/i, '').trim())
    .filter((line) => line !== '' && !/complete log|debug-0\.log|EBADENGINE/.test(line))
    .slice(0, 4)
    .join(' ');
  if (/ENOSPC/.test(errors)) {
    return new SetupError({
      en: 'The disk is full: the packages need about 700 MB. Free some space, then start again.',
      fr: 'Le disque est plein : les paquets prennent environ 700 Mo. Libérez de la place, puis recommencez.',
    });
  }
  if (/EACCES|EPERM|EROFS/.test(errors)) {
    return new SetupError({
      en: `npm may not write in ${root}. Give yourself the right to write there, then start again. (${last})`,
      fr: `npm ne peut pas écrire dans ${root}. Donnez-vous le droit d’y écrire, puis recommencez. (${last})`,
    });
  }
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET|network/i.test(errors)
  ) {
    return new SetupError({
      en: `The package registry cannot be reached. The first set-up needs it once: check the network or npm's "registry" and "proxy" settings, then start again. (${last})`,
      fr: `Le registre de paquets est injoignable. La première installation en a besoin une fois : vérifiez le réseau ou les réglages « registry » et « proxy » de npm, puis recommencez. (${last})`,
    });
  }
  return new SetupError({
    en: `npm could not install the packages: ${last || 'it gave no reason'}. Correct this, then start again.`,
    fr: `npm n’a pas pu installer les paquets : ${last || 'aucune raison donnée'}. Corrigez cela, puis recommencez.`,
  });
}
