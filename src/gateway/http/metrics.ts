import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ErrorCode, Problem } from '../../base/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Usage } from '../../flows/index.ts';
import { openStreamCount } from './stream-writer.ts';
import { remembered, Tally } from './tally.ts';

const seconds = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40, 80];
const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];

const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unauthorized',
  'forbidden',
  'forbidden_origin',
  'sign_in_failed',
  'quota_exceeded',
  'destination_denied',
]);
/** A reason is one of our stable words, never something that a caller sent. */
const reasonOf = (reason: unknown): string =>
  typeof reason === 'string' && /^[a-z_]{1,32}$/.test(reason) ? reason : 'none';

/** What one answer tells the metrics when it closes. */
export interface AnswerMeasure {
  readonly operation: 'chat' | 'text_completion' | 'embeddings';
  readonly model: string;
  readonly why: string;
  readonly use: Usage;
  readonly durationMs: number;
}

/** Prometheus metrics; inference under OpenTelemetry's `gen_ai` names. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
  request(route: string, method: string, status: number, durationMs: number): void;
  answer(measure: AnswerMeasure): void;
  step(name: string, durationMs: number): void;
  ignoredField(route: string): void;
  invalidReply(route: string): void;
  streamEnd(why: string): void;
  /** Counts what was refused to somebody: rights, quotas, destinations, sign-ins. Other failures pass by. */
  refusal(problem: Problem): void;
}

/** What counts by itself and is read when the metrics are asked for. */
export interface Measured {
  readonly engine: Pick<Engine, 'list'>;
  reach(): { readonly bytesSent: number; readonly bytesReceived: number };
  /** What the gate counted, and whether policy and record work. */
  readonly decisions?: () => Readonly<Record<string, number>>;
}

/** Opens the metrics of one server; what the rooms count themselves is read when asked. */
export function openMetrics(rooms: Measured): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]): Tally<L> =>
    new Tally({ name, help, labelNames, buckets, registry });
  const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });

  const requests = histogram(
    'http_server_request_duration_seconds',
    'Time from request to the end of the reply.',
    ['http_route', 'http_request_method', 'http_response_status_code'],
    seconds,
  );
  const ai = ['gen_ai_operation_name', 'gen_ai_request_model'];
  const firstToken = histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'From the request to its first token.',
    ai,
    seconds,
  );
  const perToken = histogram(
    'gen_ai_server_time_per_output_token_seconds',
    'Time of each token after the first.',
    ai,
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  );
  const duration = histogram('gen_ai_server_request_duration_seconds', 'Time of an answer.', [...ai, 'why'], seconds);
  const usage = histogram('gen_ai_client_token_usage', 'Tokens of an answer.', [...ai, 'gen_ai_token_type'], tokens);
  const cached = counter('intramuros_prompt_tokens_cached_total', 'Prompt tokens found in the KV cache.', ['model']);
  const steps = histogram(
    'intramuros_answer_step_duration_seconds',
    'Time of a step of the answer path.',
    ['step'],
    seconds,
  );
  const ignored = counter('intramuros_ignored_fields_total', 'Unknown request fields that change nothing.', [
    'http_route',
  ]);
  const invalid = counter('intramuros_invalid_replies_total', 'Replies that do not fit their own schema.', [
    'http_route',
  ]);
  const ends = counter('intramuros_streams_total', 'Streams by how they ended.', ['end']);
  const refused = counter(
    'intramuros_refusals_total',
    'What was refused: missing or wrong credentials, rights, quotas, destinations, sign-ins.',
    ['code', 'reason'],
  );
  openGauges(rooms, registers);

  // Looked up once for each pair of operation and model, by one key.
  const of = remembered((operation, model, why) => {
    const about = [operation, model] as const;
    cached.labels(about[1]).inc(0);
    return {
      duration: duration.row(...about, why),
      input: usage.row(...about, 'input'),
      output: usage.row(...about, 'output'),
      cached: cached.labels(about[1]),
      firstToken: () => firstToken.row(...about),
      perToken: () => perToken.row(...about),
    };
  });
  const ofRequest = remembered((route, method, status) => requests.row(route, method, status));
  const ofStep = remembered((step) => steps.row(step));
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    request: (route, method, status, ms) => ofRequest(route, method, String(status)).observe(ms / 1000),
    answer: ({ operation, model, why, use, durationMs }) => {
      const rows = of(operation, model, why);
      rows.duration.observe(durationMs / 1000);
      rows.input.observe(use.promptTokens);
      rows.output.observe(use.completionTokens);
      if (use.cachedPromptTokens > 0) rows.cached.inc(use.cachedPromptTokens);
      if (use.timeToFirstTokenMs !== undefined) rows.firstToken().observe(use.timeToFirstTokenMs / 1000);
      if (use.completionTokens > 1) rows.perToken().observe(use.generationMs / 1000 / (use.completionTokens - 1));
    },
    step: (name, ms) => ofStep(name).observe(ms / 1000),
    ignoredField: (route) => ignored.labels(route).inc(),
    invalidReply: (route) => invalid.labels(route).inc(),
    streamEnd: (why) => ends.labels(why).inc(),
    refusal({ code, facts }) {
      if (refusals.has(code)) refused.labels(code, reasonOf(facts.reason)).inc();
    },
  };
}

/** Values that the engine and the network door count themselves. */
function openGauges(rooms: Measured, registers: Registry[]): void {
  new Gauge({
    name: 'intramuros_open_streams',
    help: 'Streams being written.',
    registers,
    collect() {
      this.set(openStreamCount());
    },
  });
  new Gauge({
    name: 'intramuros_egress_bytes',
    help: 'Bytes exchanged with other machines since the start.',
    labelNames: ['direction'],
    registers,
    collect() {
      const { bytesSent, bytesReceived } = rooms.reach();
      this.labels('sent').set(bytesSent);
      this.labels('received').set(bytesReceived);
    },
  });
  const { decisions } = rooms;
  if (decisions !== undefined)
    new Gauge({
      name: 'intramuros_decisions',
      help: 'Decisions since the start by what became of them; anything but 0 in disagreements, policy_failing or record_failing is an alarm.',
      labelNames: ['what'],
      registers,
      collect() {
        for (const [what, value] of Object.entries(decisions())) this.labels(what).set(value);
      },
    });
  new Gauge({
    name: 'intramuros_engine',
    help: 'State and totals of each loaded model.',
    labelNames: ['model', 'what'],
    registers,
    collect() {
      this.reset();
      for (const model of rooms.engine.list()) {
        const set = (what: string, value: number): void => this.labels(model.id, what).set(value);
        set('resident_bytes', model.residentBytes);
        set('context_used_tokens', model.contextUsedTokens);
        set('active_requests', model.activeRequests);
        set('queued_requests', model.queuedRequests);
        for (const [name, value] of Object.entries(model.counters)) {
          set(
            name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
            value,
          );
        }
      }
    },
  });
}
