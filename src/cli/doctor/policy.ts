import { readAudit } from '../../audit/index.ts';
import { checkFiles, filesOf } from '../../policy/index.ts';
import type { Context } from '../types.ts';
import { type Finding, same } from './finding.ts';
import { inBoth } from './house.ts';

/** The policy of the data directory, and the record of decisions: without them the embedded engine alone answers. */
export async function policyFindings(context: Context): Promise<readonly Finding[]> {
  return [policyFinding(context), await recordFinding(context)];
}

function policyFinding({ home }: Context): Finding {
  const { ok, version, problems, tests } = checkFiles(filesOf(home));
  const base = { check: 'policy', title: { en: 'Policy', fr: 'Politique' } };
  if (ok) {
    const short = version.slice(0, 12);
    return {
      ...base,
      state: 'ok',
      found: { en: `${short}, ${tests.passed} cases as expected`, fr: `${short}, ${tests.passed} cas conformes` },
    };
  }
  const [first] = problems;
  const where =
    first === undefined
      ? `${tests.failed} × cases.yaml`
      : `${first.file}${first.line ? `:${first.line}` : ''}: ${first.words}`;
  return {
    ...base,
    state: 'problem',
    found: same(where),
    remedy: {
      en: 'The previous policy stays in force. Correct the file in the folder "policy", then: intramuros policy test.',
      fr: 'La politique précédente reste en vigueur. Corrigez le fichier dans le dossier « policy », puis : intramuros policy test.',
    },
  };
}

async function recordFinding({ home }: Context): Promise<Finding> {
  const base = { check: 'record', title: { en: 'Record of decisions', fr: 'Registre des décisions' } };
  try {
    const [last] = await Array.fromAsync(readAudit(home, { newestFirst: true, limit: 1 }));
    const count = last === undefined ? 0 : last.seq + 1;
    return {
      ...base,
      state: 'ok',
      found: { en: `${count} records without a gap`, fr: `${count} enregistrements sans trou` },
    };
  } catch (error) {
    return {
      ...base,
      state: 'problem',
      found: inBoth(error),
      remedy: {
        en: 'Put the folder "audit" back from a backup of the disk, or move it aside and keep it.',
        fr: 'Remettez le dossier « audit » depuis une sauvegarde du disque, ou mettez-le de côté et gardez-le.',
      },
    };
  }
}
