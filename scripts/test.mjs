// `npm test`: set-up, types, lint, then every test. Arguments keep the test files whose path holds one of them.
// The last line is "N passed, N failed", with ", N skipped" when there are any; the exit code says the same.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from '../bin/runtime.mjs';
import { ensureChromium } from './parts/chromium.mjs';
import { SetupError, say } from './parts/say.mjs';
import { checks } from './run.mjs';
import { runScript, setUp } from './setup.mjs';

const total = { passed: 0, failed: 0, skipped: 0 };

function testFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'dist' ? [] : testFiles(path);
    return /\.test\.(ts|mjs)$/.test(entry.name) ? [path] : [];
  });
}

/** Runs a command with its output shown; resolves with its exit code and, when asked, its standard output. */
function run(command, args, { environment = process.env, capture = false } = {}) {
  const stdio = ['ignore', capture ? 'pipe' : 'inherit', 'inherit'];
  const child = spawn(command, args, { cwd: root, env: environment, stdio });
  let output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? 1, signal, output }));
  });
}

async function readSources(runtime) {
  for (const [name, command] of checks()) {
    const { code } = await run(runtime, command);
    process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}\n`);
    total[code === 0 ? 'passed' : 'failed'] += 1;
  }
}

/** The starter model, got once by the product's own pull, so that test files do not each fetch it. */
async function starterModel(runtime) {
  if (process.env.INTRAMUROS_TEST_MODEL) return process.env.INTRAMUROS_TEST_MODEL;
  say({ en: 'Getting the starter model for the tests…', fr: 'Obtention du modèle de départ pour les tests…' });
  const program =
    "const { starterModelFile } = await import('./test/parts/starter-model.ts'); console.log(await starterModelFile());";
  const { code, output } = await run(runtime, ['--input-type=module', '--eval', program], { capture: true });
  if (code === 0) return output.trim().split('\n').at(-1);
  throw new SetupError({
    en: 'The starter model could not be got; the reason is above. Set INTRAMUROS_TEST_MODEL to a copy of the file.',
    fr: 'Le modèle de départ n’a pas pu être obtenu ; la raison est ci-dessus. Donnez le chemin d’une copie dans INTRAMUROS_TEST_MODEL.',
  });
}

/** The browser, or a visible reason for skipping its tests; in CI its absence is a failure. */
function browser() {
  const path = ensureChromium();
  if (path !== undefined) return path;
  if (process.env.CI) {
    process.stdout.write('FAILED browser: no Chromium here and it could not be installed\n');
    total.failed += 1;
  } else {
    say({
      en: 'No Chromium was found: the browser tests are skipped. Install one, or name it in INTRAMUROS_TEST_CHROMIUM.',
      fr: 'Aucun Chromium trouvé : les tests du navigateur sont sautés. Installez-en un, ou nommez-le dans INTRAMUROS_TEST_CHROMIUM.',
    });
  }
  return '';
}

async function runTests(runtime, files, { concurrency, environment }) {
  if (files.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'intramuros-test-'));
  const summary = join(folder, 'summary.json');
  const reporter = join(root, 'scripts', 'parts', 'reporter.mjs');
  const options = [`--test-concurrency=${concurrency}`, '--test-timeout=600000', `--test-reporter=${reporter}`];
  const { code, signal } = await run(
    runtime,
    ['--disable-warning=ExperimentalWarning', '--test', ...options, ...files],
    { environment: { ...environment, INTRAMUROS_TEST_SUMMARY: summary } },
  );
  try {
    const counts = JSON.parse(readFileSync(summary, 'utf8'));
    for (const name of Object.keys(total)) total[name] += counts[name];
    if (code !== 0 && counts.failed === 0) total.failed += 1;
  } catch (error) {
    process.stdout.write(`FAILED the test runner ended without a summary (${signal ?? code}): ${error.message}\n`);
    total.failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runScript(async () => {
  const wanted = process.argv.slice(2);
  const runtime = await setUp();
  const files = ['src', 'test', 'bench', 'web', 'scripts']
    .flatMap((folder) => testFiles(join(root, folder)))
    .filter((file) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)))
    .sort();
  if (wanted.length === 0) await readSources(runtime);
  const environment = {
    ...process.env,
    INTRAMUROS_TEST_MODEL: await starterModel(runtime),
    INTRAMUROS_TEST_CHROMIUM: browser(),
  };
  const isJourney = (file) => relative(root, file).includes('journeys');
  // Journeys start servers, models and browsers and keep time: they run one after another, the rest two at a time.
  await runTests(
    runtime,
    files.filter((file) => !isJourney(file)),
    { concurrency: 2, environment },
  );
  await runTests(runtime, files.filter(isJourney), { concurrency: 1, environment });
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
});
