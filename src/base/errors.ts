/**
 * Every failure that a caller can meet has one of these codes. Codes are part of the API: never renamed, only added.
 * `docs/errors.md` lists each with its meaning and remedy; a test compares both ways.
 */
export const errorCodes = [
  // what the caller sent
  'invalid_request',
  'unsupported_parameter',
  'payload_too_large',
  'unsupported_media_type',
  'not_acceptable',
  'not_found',
  'method_not_allowed',
  'context_exceeded',
  'unauthorized',
  'forbidden_origin',
  'sign_in_failed',
  'password_weak',
  'forbidden',
  'quota_exceeded',
  // policy
  'destination_denied',
  'policy_invalid',
  'policy_unavailable',
  'audit_unavailable',
  'detection_failed',
  // upstreams
  'upstream_failed',
  'upstream_timeout',
  'upstream_unavailable',
  'secret_unavailable',
  // what is sealed at rest
  'key_unavailable',
  'key_destroyed',
  // models
  'model_not_found',
  'model_unusable',
  'model_load_failed',
  'model_file_invalid',
  'memory_insufficient',
  'disk_insufficient',
  'pull_failed',
  'checksum_mismatch',
  // running
  'engine_crashed',
  'engine_unavailable',
  'queue_full',
  'cancelled',
  'timeout',
  'conversation_not_found',
  'message_not_found',
  'run_not_found',
  'conflict',
  // the house
  'config_invalid',
  'address_in_use',
  'address_not_available',
  'authentication_required_to_listen',
  'data_directory_in_use',
  'data_directory_not_writable',
  'disk_full',
  'database_unavailable',
  'database_newer',
  'database_altered',
  'backup_invalid',
  'egress_denied',
  'egress_failed',
  'internal',
] as const;

/** Stable identifier of a failure. */
export type ErrorCode = (typeof errorCodes)[number];

/** Small facts about a failure that a program may read: numbers, names, never prompts, documents or secrets. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/**
 * The one base of all expected failures. `message` says what was wanted, what was found and what to do next, in English;
 * pages and the CLI translate by `code` and `facts`.
 */
export class IntramurosError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; facts?: ErrorFacts } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.facts = options.facts ?? {};
  }
}

/** True when `error` carries one of our codes (also after it crossed a process or worker border as a plain object). */
export function isIntramurosError(error: unknown): error is IntramurosError {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    (errorCodes as readonly unknown[]).includes(error.code)
  );
}

/** A failure in the shape that crosses process borders and wires. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly facts: ErrorFacts;
}

/** Turns anything thrown into a `Problem`; what is not ours becomes `internal` and keeps its text out of the message. */
export function toProblem(error: unknown): Problem {
  if (isIntramurosError(error)) return { code: error.code, message: error.message, facts: error.facts ?? {} };
  return { code: 'internal', message: 'Something failed inside Intramuros. The log has the details.', facts: {} };
}

/** The error that a `Problem` describes, after it crossed a border. */
export function fromProblem(problem: Problem, cause?: unknown): IntramurosError {
  return new IntramurosError(problem.code, problem.message, { facts: problem.facts, cause });
}
