import type { ProblemBody } from './wire.ts';

/** A request that failed. `code` is the server's, or one of ours: `unreachable` (no reply), `unreadable` (a reply that is none). */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  readonly facts: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, options: { status?: number; facts?: Readonly<Record<string, unknown>> }) {
    super(message);
    this.name = 'ApiProblem';
    this.code = code;
    this.status = options.status ?? 0;
    this.facts = options.facts ?? {};
  }
  toBody(): ProblemBody {
    return { code: this.code, message: this.message, facts: this.facts };
  }
}

/** The problem that a reply carries, in RFC 9457's shape or any other. */
export async function problemOf(reply: Response): Promise<ApiProblem> {
  const text = await reply.text().catch(() => '');
  try {
    const body = JSON.parse(text) as {
      code?: string;
      detail?: string;
      title?: string;
      facts?: Record<string, unknown>;
    };
    return new ApiProblem(body.code ?? 'unreadable', body.detail ?? body.title ?? text, {
      status: reply.status,
      facts: body.facts ?? {},
    });
  } catch {
    return new ApiProblem('unreadable', `HTTP ${reply.status} ${text.slice(0, 200)}`, { status: reply.status });
  }
}

/** Anything thrown, as a problem that can be shown. */
export function toProblemBody(error: unknown): ProblemBody {
  if (error instanceof ApiProblem) return error.toBody();
  return { code: 'unreadable', message: error instanceof Error ? error.message : String(error) };
}
