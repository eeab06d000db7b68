// Everything a clean clone needs before it runs: packages, the Node 24 runtime, the page. Plain JavaScript for Node 20
// and later. A second run finds nothing to do in well under a second and needs no network.
import { pathToFileURL } from 'node:url';
import { findRuntime, runtimeMajor } from '../bin/runtime.mjs';
import { ensureDependencies } from './parts/dependencies.mjs';
import { ensurePage } from './parts/page.mjs';
import { SetupError, say } from './parts/say.mjs';

/** Sets the checkout up and returns the path of the Node 24 runtime. */
export async function setUp({ page = true } = {}) {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new SetupError({
      en: `Node 20 or later is needed; this is Node ${process.versions.node}. Install a newer one, then start again.`,
      fr: `Il faut Node 20 ou plus récent ; celui-ci est le ${process.versions.node}. Installez-en un plus récent, puis recommencez.`,
    });
  }
  await ensureDependencies();
  const runtime = findRuntime();
  if (runtime === undefined) {
    throw new SetupError({
      en: `No Node ${runtimeMajor} is packaged for ${process.platform}-${process.arch}. Install Node ${runtimeMajor} and start again with it.`,
      fr: `Aucun Node ${runtimeMajor} n’est empaqueté pour ${process.platform}-${process.arch}. Installez Node ${runtimeMajor} et recommencez avec lui.`,
    });
  }
  if (page) await ensurePage(runtime);
  return runtime;
}

/** Runs `work`; a failure with words prints them alone and exits 1. */
export async function runScript(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say({ en: `Set-up stopped: ${error.message}`, fr: `Installation interrompue : ${error.message}` });
    process.exitCode = 1;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runScript(async () => {
    await setUp();
    say({ en: 'Set-up is complete.', fr: 'Installation terminée.' });
  });
}
