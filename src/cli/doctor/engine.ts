import { execFile } from 'node:child_process';
import { silentLog } from '../../base/index.ts';
import type { EngineProbe } from '../../engine/index.ts';
import { findServer } from '../http/connect.ts';
import type { Context } from '../types.ts';
import { type Finding, same } from './finding.ts';
import { inBoth } from './house.ts';

const probeTimeoutMs = 30_000;

/**
 * Loads the engine's libraries in a process of its own, so that a native fault there is a finding here, and checks that
 * they are the pinned version with the structures that the binding declares.
 */
export async function engineFinding(context: Context): Promise<Finding> {
  const base = { check: 'engine', title: { en: 'Engine', fr: 'Moteur' } };
  const probe = await runProbe(context);
  if (!('problem' in probe)) {
    const text = `libllama ${probe.version}`;
    return {
      ...base,
      state: 'ok',
      found: { en: `${text}, structures as declared`, fr: `${text}, structures conformes` },
    };
  }
  return {
    ...base,
    state: 'problem',
    found: same(probe.problem),
    remedy: {
      en: 'Install the packages again: remove node_modules, then npm start.',
      fr: 'Réinstallez les paquets : supprimez node_modules, puis npm start.',
    },
  };
}

function runProbe(context: Context): Promise<EngineProbe> {
  const program = process.argv[1] ?? '';
  return new Promise((resolve) => {
    const options = { timeout: probeTimeoutMs, signal: context.signal };
    execFile(process.execPath, [...process.execArgv, program, 'doctor', '--probe-engine'], options, (error, stdout) => {
      try {
        resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as EngineProbe);
      } catch {
        const reason = error as (Error & { signal?: string; code?: number }) | null;
        resolve({
          problem: `the engine process ended without an answer (${reason?.signal ?? reason?.code ?? 'no reason'})`,
        });
      }
    });
  });
}

/** The database opens, and is of a shape that this program knows. A running server has opened it already. */
export async function databaseFinding(context: Context): Promise<Finding> {
  const { databaseUrl } = context.resolved().settings;
  const kind = databaseUrl === undefined ? { en: 'embedded', fr: 'embarquée' } : same('PostgreSQL');
  const base = { check: 'database', title: { en: 'Database', fr: 'Base de données' } };
  if (await findServer(context)) {
    return {
      ...base,
      state: 'ok',
      found: { en: `${kind.en}, open in the server`, fr: `${kind.fr}, ouverte par le serveur` },
    };
  }
  try {
    const { openDatabase } = await import('../../store/index.ts');
    await using _database = await openDatabase({
      home: context.home,
      databaseUrl,
      log: silentLog(),
      signal: context.signal,
    });
    return { ...base, state: 'ok', found: { en: `${kind.en}, opens`, fr: `${kind.fr}, s’ouvre` } };
  } catch (error) {
    context.signal.throwIfAborted();
    return {
      ...base,
      state: 'problem',
      found: { en: `${kind.en}, does not open`, fr: `${kind.fr}, ne s’ouvre pas` },
      remedy: inBoth(error),
    };
  }
}
