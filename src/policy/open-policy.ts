import { join } from 'node:path';
import type { Audit } from '../audit/index.ts';
import { type Clock, IntramurosError, isoTime, type Logger } from '../base/index.ts';
import { type CaseResults, readCases, runCases } from './cases.ts';
import { type CompiledRules, compileRules, type PolicyProblem } from './cedar/compile.ts';
import { inOrder, type PolicyFile, readFolder, shippedFiles, versionOf } from './cedar/files.ts';
import { type Cedar, loadCedar } from './cedar/load-cedar.ts';
import { type Decider, openDecider } from './decider.ts';
import { openPolicyFolder } from './policy-folder.ts';
import { type Decision, type Policy, tiers } from './types.ts';

export interface OpenPolicyOptions {
  readonly home: string;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Logger;
  /** True where two people are needed: files that somebody edited by hand then wait for an approved proposal. */
  readonly fourEyes?: () => boolean;
  /** Tests hand in an engine that fails. */
  readonly cedar?: (how: { readonly fresh: boolean }) => Cedar;
}

/** What is in force, since when, and what is wrong with what should be. */
export interface PolicyState {
  readonly version: string;
  /** ISO time; null for the policy that the product brings. */
  readonly since: string | null;
  readonly files: readonly PolicyFile[];
  readonly state: 'in-force' | 'previous-in-force' | 'unavailable';
  readonly problem: string | null;
}

export interface PolicyCheck {
  readonly ok: boolean;
  readonly version: string;
  readonly problems: readonly PolicyProblem[];
  readonly tests: CaseResults;
}

/** The policy in force, and the ways to look at another one. */
export interface PolicyHouse extends Policy, Disposable {
  readonly state: PolicyState;
  /** Compiles and asks the cases; changes nothing. */
  check(files: readonly PolicyFile[]): PolicyCheck;
  /** A decider of other files, for replay. The caller closes it. @throws {IntramurosError} `policy_invalid`. */
  candidate(files: readonly PolicyFile[]): Decider;
  /**
   * Brings files into force: recorded, then on the disk, then in memory; all of it or nothing.
   * @throws {IntramurosError} `policy_invalid`; `conflict` when another version than `expected` is in force; `audit_unavailable`.
   */
  apply(
    files: readonly PolicyFile[],
    how: { readonly by: string; readonly expected: string; readonly reason: string; readonly proposalId?: string },
  ): Promise<PolicyState>;
}

const noTests: CaseResults = { passed: 0, failed: 0, failures: [] };

/**
 * Opens the policy: the organisation's files in `policy/` of the data directory, else those that the product brings.
 * What does not compile, or whose cases fail, never comes into force: the one before stays, and `state` says so.
 */
export function openPolicy(options: OpenPolicyOptions): PolicyHouse {
  const { home, audit, clock, log, fourEyes = () => false, cedar = loadCedar } = options;
  const folder = openPolicyFolder(home);
  let applying = false;

  const check = (files: readonly PolicyFile[]): PolicyCheck => {
    const { decider, ...found } = tryFiles(files, cedar);
    decider?.close();
    return found;
  };

  const candidate = (files: readonly PolicyFile[]): Decider => {
    const { decider, ...found } = tryFiles(files, cedar);
    if (decider !== undefined) return decider;
    throw invalid(found);
  };

  let { decider, state } = open();

  function open(): { decider: Decider | undefined; state: PolicyState } {
    const before = folder.inForce();
    const own = folder.files();
    const wanted = own ?? shippedFiles();
    const edited = own !== undefined && before?.version !== versionOf(own);
    const fallback = before?.files ?? shippedFiles();
    const first = edited && fourEyes() ? refusedEdit(wanted) : tryFiles(wanted, cedar);
    if (first.decider !== undefined) {
      const since = clockTime();
      const kept = own !== undefined && edited ? folder.confirm({ since, by: 'files', files: [...own] }) : before;
      const now = own === undefined ? null : (kept?.since ?? since);
      return { decider: first.decider, state: inForce(wanted, now) };
    }
    const problem = wordsOf(first);
    log.error({ problem, folder: `${home}/policy` }, 'the policy in the data directory did not come into force');
    const second = tryFiles(fallback, cedar);
    const kind = second.decider === undefined ? 'unavailable' : 'previous-in-force';
    if (second.decider === undefined)
      log.error({ problem: wordsOf(second) }, 'no policy can be used: only the embedded engine may answer');
    return { decider: second.decider, state: { ...inForce(fallback, before?.since ?? null), state: kind, problem } };
  }

  function clockTime(): string {
    return isoTime(clock.now());
  }

  const decide: Policy['decide'] = (request) => {
    try {
      if (decider === undefined) throw new Error(state.problem ?? 'no policy');
      return decider.decide(request, clockTime().slice(0, 10));
    } catch (error) {
      log.error({ err: error }, 'the policy engine failed');
      throw new IntramurosError(
        'policy_unavailable',
        'The policy engine failed, so nothing may be sent to another machine. The embedded engine still answers. See the log; "intramuros doctor" checks it.',
        { cause: error },
      );
    }
  };

  audit.note({
    kind: 'policy',
    actor: 'system',
    data: { what: 'policy.opened', version: state.version, state: state.state, problem: state.problem },
  });

  return {
    get version() {
      return state.version;
    },
    get state() {
      return state;
    },
    decide,
    nearest(request, among) {
      const allowed = (one: (typeof among)[number]): boolean =>
        effectOf(() => decide({ ...request, destination: one })) === 'allow';
      return among.toSorted((a, b) => tiers.indexOf(a.tier) - tiers.indexOf(b.tier)).find(allowed);
    },
    check,
    candidate,
    async apply(files, { by, expected, reason, proposalId }) {
      if (applying || expected !== state.version) throw outdated(expected, state.version);
      applying = true;
      try {
        const next = candidate(files);
        const data = { what: 'policy.change', version: next.version, previous: state.version, reason, proposalId };
        await audit.append({ kind: 'policy', actor: by, data });
        const kept = folder.replace({ since: clockTime(), by, files: [...files] });
        decider?.close();
        decider = next;
        state = inForce(kept.files, kept.since);
        log.warn({ version: state.version, by }, 'another policy is in force');
        audit.note({ kind: 'policy', actor: by, data: { ...data, what: 'policy.in_force' } });
        return state;
      } finally {
        applying = false;
      }
    },
    [Symbol.dispose]: () => decider?.close(),
  };
}

/** Reads, type-checks and tries files, without a policy being open. */
export function checkFiles(files: readonly PolicyFile[]): PolicyCheck {
  const { decider, ...found } = tryFiles(files, loadCedar);
  decider?.close();
  return found;
}

/** A decider of files, without a policy being open. The caller closes it. @throws {IntramurosError} `policy_invalid`. */
export function openCandidate(files: readonly PolicyFile[]): Decider {
  const { decider, ...found } = tryFiles(files, loadCedar);
  if (decider !== undefined) return decider;
  throw invalid(found);
}

/** The files that a data directory has, or those that the product brings. */
export function filesOf(home: string): readonly PolicyFile[] {
  const own = readFolder(join(home, 'policy'));
  return own.length === 0 ? shippedFiles() : own;
}

interface Tried extends PolicyCheck {
  readonly decider: Decider | undefined;
}

/** Compiles, and asks the cases that come with the files. */
function tryFiles(files: readonly PolicyFile[], cedar: (how: { readonly fresh: boolean }) => Cedar): Tried {
  const version = versionOf(files);
  const failed = (problems: readonly PolicyProblem[]): Tried => ({
    ok: false,
    version,
    problems,
    tests: noTests,
    decider: undefined,
  });
  let rules: CompiledRules;
  try {
    const compiled = compileRules(cedar({ fresh: false }), files);
    const cases = readCases(files);
    const problems = [...(compiled.ok ? [] : compiled.problems), ...cases.problems];
    if (!compiled.ok || problems.length > 0) return failed(problems);
    rules = compiled.rules;
    const decider = openDecider({ rules, version, cedar });
    const tests = cases.table === undefined ? noTests : runCases(decider, cases.table);
    if (tests.failed === 0) return { ok: true, version, problems: [], tests, decider };
    decider.close();
    return { ok: false, version, problems: [], tests, decider: undefined };
  } catch (error) {
    return failed([{ file: '', line: 0, words: `the policy engine failed: ${(error as Error).message}` }]);
  }
}

function refusedEdit(files: readonly PolicyFile[]): Tried {
  const words =
    'its files were changed outside the product. Propose them ("intramuros policy propose") and have somebody else approve';
  return {
    ok: false,
    version: versionOf(files),
    problems: [{ file: '', line: 0, words }],
    tests: noTests,
    decider: undefined,
  };
}

function inForce(files: readonly PolicyFile[], since: string | null): PolicyState {
  return { version: versionOf(files), since, files: inOrder(files), state: 'in-force', problem: null };
}

function wordsOf({ problems, tests }: PolicyCheck): string {
  const places = problems.map(({ file, line, words }) =>
    [file && `${file}${line ? `:${line}` : ''}`, words].filter(Boolean).join(': '),
  );
  const cases = tests.failures.map(
    ({ case: name, expected, found }) => `case "${name}": expected ${expected}, found ${found}`,
  );
  return [...places, ...cases].slice(0, 20).join('\n');
}

/** The failure of files that cannot come into force. */
export function invalid(check: PolicyCheck): IntramurosError {
  return new IntramurosError('policy_invalid', `This policy cannot come into force: ${wordsOf(check)}`, {
    facts: {
      problems: check.problems.map(({ file, line, words }) => `${file}:${line}: ${words}`),
      failed: check.tests.failed,
    },
  });
}

function outdated(expected: string, found: string): IntramurosError {
  return new IntramurosError(
    'conflict',
    'Another policy came into force meanwhile. Look at it, and propose again what is still wanted.',
    { facts: { expected, found } },
  );
}

function effectOf(decide: () => Decision): Decision['effect'] {
  try {
    return decide().effect;
  } catch {
    return 'deny'; // said in the log by `decide`
  }
}
