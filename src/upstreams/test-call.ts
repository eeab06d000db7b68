import { type Clock, isIntramurosError, newId } from '../base/index.ts';
import type { GenerateRequest } from '../engine/index.ts';
import type { Clearance, Gate, Label, Subject } from '../policy/index.ts';
import { embed } from './call/embed.ts';
import type { Line } from './call/exchange.ts';
import { generate } from './call/generate.ts';
import { listModels } from './call/list-models.ts';
import type { FoundModel } from './kinds/kind.ts';
import type { UpstreamModel, UpstreamTest } from './types.ts';

const mostBytes = 16 * 1024;
const mostTokens = 16;
const question = 'Answer with the word OK.';

/** What a live test works with. */
export interface TestCall {
  readonly line: Line;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly subject: Subject;
  readonly label: Label;
  /** Model to ask; the first declared when absent. */
  readonly model: UpstreamModel | undefined;
  readonly addresses: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

type Finding = Pick<UpstreamTest, 'ok' | 'reason' | 'words'> & { readonly firstTokenMs?: number };

/** Asks the upstream what it has, then asks one model one small question, through the gate and the door. */
export async function testUpstream(call: TestCall): Promise<UpstreamTest> {
  const startedMs = call.clock.monotonic();
  let found: readonly FoundModel[] = [];
  let listing: unknown;
  try {
    found = (await listModels(call.line, call.line.upstream.urls[0] as string, call.signal)) ?? [];
  } catch (error) {
    call.signal?.throwIfAborted();
    listing = error;
  }
  const finding = call.model ? await ask(call, call.model) : withoutModel(call, listing, found);
  return {
    ok: finding.ok,
    reason: finding.reason,
    ms: Math.round(call.clock.monotonic() - startedMs),
    firstTokenMs: finding.firstTokenMs ?? null,
    models: found.map(({ name }) => name),
    elsewhere: found.filter(({ remoteHost }) => remoteHost !== undefined).map(({ name }) => name),
    words: finding.words,
  };
}

function withoutModel({ line }: TestCall, listing: unknown, found: readonly FoundModel[]): Finding {
  if (listing !== undefined) return failed(listing);
  const reason = line.kind.models === undefined ? 'no_model' : 'models_only';
  const told =
    reason === 'no_model'
      ? 'No model is declared, so nothing could be asked.'
      : `It lists ${found.length} models; none is declared, so none was asked.`;
  return { ok: reason === 'models_only', reason, words: told };
}

async function ask(call: TestCall, model: UpstreamModel): Promise<Finding> {
  const { line, gate, clock, subject, label, addresses } = call;
  const startedMs = clock.monotonic();
  const embeds = model.capabilities.every((each) => each === 'embedding');
  const about = { runId: newId('test'), model: model.id };
  let clearance: Clearance;
  try {
    clearance = await gate.pass({
      subject,
      action: embeds ? 'embed' : 'infer',
      label,
      destination: model.destination,
      sources: [{ kind: 'default', id: 'test', label, reason: 'the fixed words of a test' }],
      about,
      addresses,
      mostBytes,
      alternatives: [],
    });
  } catch (error) {
    return failed(error);
  }
  let finding: Finding;
  try {
    finding = embeds ? await askVector(call, model, clearance) : await askWords(call, model, clearance);
  } catch (error) {
    finding = failed(error);
  }
  const totalMs = Math.round(clock.monotonic() - startedMs);
  const bytes = line.egress.bytesOf(clearance.decisionId);
  gate.settle(clearance, { ok: finding.ok, why: finding.reason, ...bytes, totalMs });
  call.signal?.throwIfAborted();
  return finding;
}

async function askVector({ line, signal }: TestCall, model: UpstreamModel, clearance: Clearance): Promise<Finding> {
  const { vectors } = await embed({ line, clearance, inputs: [question], model, signal });
  return { ok: true, reason: 'ok', words: `It answered with a vector of ${vectors[0]?.length ?? 0} numbers.` };
}

async function askWords(
  { line, clock, signal }: TestCall,
  model: UpstreamModel,
  clearance: Clearance,
): Promise<Finding> {
  const request: GenerateRequest = {
    model: model.id,
    prompt: model.capabilities.includes('chat')
      ? { kind: 'chat', messages: [{ role: 'user', content: question }] }
      : { kind: 'text', text: question },
    maxTokens: mostTokens,
    fairKey: 'test',
    isolationKey: 'test',
  };
  const startedMs = clock.monotonic();
  let firstTokenMs: number | undefined;
  let tokens = 0;
  for await (const event of generate({ line, clearance, request, model, signal })) {
    if (event.type === 'delta') firstTokenMs ??= Math.round(clock.monotonic() - startedMs);
    if (event.type === 'done') tokens = event.usage.completionTokens;
  }
  const words = `It answered ${tokens} tokens, the first after ${firstTokenMs ?? '?'} ms.`;
  return { ok: true, reason: 'ok', words, ...(firstTokenMs === undefined ? {} : { firstTokenMs }) };
}

const reasons: Readonly<Record<string, UpstreamTest['reason']>> = {
  wrong_key: 'wrong_key',
  wrong_address: 'wrong_address',
  model_unknown: 'model_unknown',
  not_the_api: 'not_the_api',
  rate_limited: 'rate_limited',
  tls: 'tls',
  protocol: 'not_the_api',
};

/** Which of the common failures it was. */
function failed(error: unknown): Finding {
  if (!isIntramurosError(error))
    return { ok: false, reason: 'failed', words: 'The test itself failed; the log has more.' };
  const { code, facts, message: words } = error;
  const at = (reason: UpstreamTest['reason']): Finding => ({ ok: false, reason, words });
  if (['destination_denied', 'egress_denied', 'policy_unavailable', 'audit_unavailable'].includes(code))
    return at('denied');
  if (code === 'secret_unavailable') return at('secret');
  if (code === 'upstream_timeout') return at('timeout');
  const known = reasons[String(facts.reason)];
  if (known) return at(known);
  return at(code === 'upstream_unavailable' ? 'unreachable' : 'failed');
}
