import { type ErrorCode, IntramurosError, isIntramurosError, type Problem, toProblem } from '../../base/index.ts';
import { failures } from './failures.ts';

/** The family of error shapes that a route answers in. */
export type DialectName = 'native' | 'openai';

/** One field of a request that is not as it must be. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** A request that does not fit its schema: all its wrong fields at once. */
export class InvalidRequestError extends IntramurosError {
  readonly fields: readonly FieldError[];
  constructor(message: string, fields: readonly FieldError[], code: ErrorCode = 'invalid_request') {
    super(code, message, { facts: fields[0] ? { field: fields[0].path } : {} });
    this.fields = fields;
  }
}

/** A parameter that would change the meaning of the request and that we cannot honour. */
export function unsupportedParameter(path: string, reason: string): InvalidRequestError {
  const message = `Parameter "${path}" cannot be honoured: ${reason}`;
  return new InvalidRequestError(message, [{ path, message: reason }], 'unsupported_parameter');
}

/**
 * A failure under another status than that of its code: 404 is for the address, so a message or model that is named in the
 * body, and is not there, conflicts (409) with what the body wants.
 */
export class RestatedError extends IntramurosError {
  readonly status: number;
  constructor(error: IntramurosError, status: number) {
    super(error.code, error.message, { facts: error.facts, cause: error });
    this.status = status;
  }
}

/** HTTP status of a failure. */
export const statusOf = (problem: Problem): number => failures[problem.code].status;
const statusOfError = (error: unknown): number =>
  error instanceof RestatedError ? error.status : statusOf(toProblem(error));

/** RFC 9457 form of a failure. */
export function toProblemDocument(error: unknown, requestId: string): Record<string, unknown> {
  const problem = toProblem(error);
  const { title } = failures[problem.code];
  const status = statusOfError(error);
  const { code, message, facts } = problem;
  const document = { type: `urn:intramuros:error:${code}`, title, status, detail: message, code, facts, requestId };
  return error instanceof InvalidRequestError && error.fields.length > 0
    ? { ...document, errors: error.fields }
    : document;
}

/** Codes that OpenAI's own clients know under another name. */
const openAiCodes: Partial<Record<ErrorCode, string>> = {
  context_exceeded: 'context_length_exceeded',
  unauthorized: 'invalid_api_key',
  queue_full: 'rate_limit_exceeded',
  quota_exceeded: 'insufficient_quota',
};

function openAiType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** OpenAI's form of a failure. */
export function toOpenAiError(error: unknown): {
  readonly error: { message: string; type: string; param: string | null; code: string };
} {
  const problem = toProblem(error);
  const field = error instanceof InvalidRequestError ? error.fields[0]?.path : undefined;
  const param = field ?? (problem.code === 'model_not_found' || problem.code === 'model_unusable' ? 'model' : null);
  const code = openAiCodes[problem.code] ?? problem.code;
  return { error: { message: problem.message, type: openAiType(statusOfError(error)), param, code } };
}

/** A failure as the body of a reply: the dialect's form, or RFC 9457 where the caller accepts it. */
export function renderFailure(
  error: unknown,
  options: { readonly dialect: DialectName; readonly accept: string | undefined; readonly requestId: string },
): { readonly status: number; readonly headers: Record<string, string>; readonly body: string } {
  const status = statusOfError(error);
  const native = options.dialect === 'native' || /\bapplication\/problem\+json\b/i.test(options.accept ?? '');
  const headers: Record<string, string> = {
    'content-type': native ? 'application/problem+json' : 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  };
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="intramuros"';
  if (status === 429) headers['retry-after'] = String(retryAfterSeconds(toProblem(error)));
  const body = JSON.stringify(native ? toProblemDocument(error, options.requestId) : toOpenAiError(error));
  return { status, headers, body };
}

/** When it is worth trying again, in whole seconds. */
function retryAfterSeconds({ facts }: Problem): number {
  const seconds = Number(facts.retryAfterSeconds);
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : 5;
}

/** True for failures that are ours to mend, and belong in the log with their stack. */
export const isOurFault = (error: unknown): boolean => !isIntramurosError(error) || error.code === 'internal';
