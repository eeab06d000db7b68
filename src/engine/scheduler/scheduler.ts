import { setImmediate as nextTurn } from 'node:timers/promises';
import { IntramurosError } from '../../base/index.ts';
import type { EngineCounters } from '../types.ts';
import { checkAdmissible } from './admissible.ts';
import { ABORTED, type Backend } from './backend.ts';
import { ChunkSize } from './chunk-size.ts';
import { divideBudget } from './divide-budget.ts';
import { collectEcho } from './echo.ts';
import { FairQueue } from './fair-queue.ts';
import { holdsBack } from './holds-back.ts';
import { toTokenLogprob } from './logprobs.ts';
import { openSampler } from './open-sampler.ts';
import { Reporter, type SchedulerSink } from './reporter.ts';
import { type Answer, Run, type SchedulerRequest } from './run.ts';
import { type PrefixPlan, SequenceCache } from './sequence-cache.ts';

export interface SchedulerOptions {
  /** Answers generated at the same time. */
  readonly parallel: number;
  /** Requests that may wait. */
  readonly queueLimit: number;
  /** Aim for the time of a step while answers are being generated, and while only prompts are computed. */
  readonly stepBudgetMs?: number;
  readonly aloneStepBudgetMs?: number;
}

/** An answer's part of a step. */
interface Share {
  readonly answer: Answer;
  readonly count: number;
  /** Place in the batch of its first token. */
  readonly place: number;
}

/** A prefix that someone else is about to compute is worth waiting for when it saves more than this. */
const WORTH_WAITING_TOKENS = 16;
const SHORT_STEP_MS = 80;
const SHORT_PROMPT_TOKENS = 4;
const NOTHING_CACHED: PrefixPlan = { source: undefined, usable: 0, coming: 0 };

/**
 * Continuous batching: each step computes one token of every answer in progress and a part of the prompts that wait,
 * within a time budget. Prompts share what others computed; one that begins like a prompt in progress waits for it.
 * Covers queueing, sharing, cancelling, preemption when the memory is full. Does not cover templates, text to tokens, processes.
 */
export class Scheduler {
  readonly #backend: Backend;
  readonly #options: SchedulerOptions;
  readonly #cache: SequenceCache;
  readonly #chunk: ChunkSize;
  readonly #report: Reporter;
  readonly #queue = new FairQueue<Answer>();
  readonly #runs = new Map<number, Run>();
  #active: Answer[] = [];
  #step: readonly Share[] = [];
  #queueChanged = false;
  /** Time of the last step that only generated. */
  #generatingMs = Number.POSITIVE_INFINITY;
  #closed = false;
  #wake: () => void = () => {};
  readonly #ended: Promise<void>;

  constructor(backend: Backend, options: SchedulerOptions, sink: SchedulerSink) {
    this.#backend = backend;
    this.#options = options;
    this.#cache = new SequenceCache(backend);
    this.#chunk = new ChunkSize({
      budgetMs: options.stepBudgetMs ?? 100,
      aloneBudgetMs: options.aloneStepBudgetMs ?? 400,
      most: backend.batchTokens,
    });
    this.#report = new Reporter(sink);
    this.#ended = this.#loop();
  }

  get counters(): EngineCounters {
    return { ...this.#report.counters };
  }
  get contextUsedTokens(): number {
    return this.#cache.usedTokens;
  }
  get activeRequests(): number {
    return new Set(this.#active.map(({ run }) => run)).size;
  }
  get queuedRequests(): number {
    return this.#runs.size - this.activeRequests;
  }

  /**
   * Takes a request; its events come to the sink.
   * @throws {IntramurosError} `context_exceeded`, `queue_full`, `invalid_request`.
   */
  submit(request: SchedulerRequest): void {
    checkAdmissible(request, {
      requestTokens: this.#backend.requestTokens,
      queued: this.queuedRequests,
      queueLimit: this.#options.queueLimit + this.#options.parallel - this.#active.length,
    });
    const run = new Run(request, performance.now());
    this.#runs.set(request.id, run);
    this.#report.counters.requests += 1;
    for (const answer of run.answers) this.#queue.push(answer);
    this.#queueChanged = true;
    this.#wake();
  }

  /** Ends a request. What runs for it alone is interrupted; `cancelled` is reported when nothing of it runs any more. */
  cancel(id: number): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    run.cancelled = true;
    if (this.#step.length > 0 && this.#step.every(({ answer }) => answer.run.cancelled)) this.#backend.abort();
    this.#wake();
  }

  /** Ends the loop; what is in progress gets no more events. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#step.length > 0) this.#backend.abort();
    this.#wake();
    await this.#ended;
  }

  async #loop(): Promise<void> {
    await Promise.resolve(); // the constructor returns first
    while (!this.#closed) {
      this.#dropCancelled();
      this.#admit();
      this.#start();
      const step = this.#compose();
      if (step.length === 0) {
        this.#report.flush();
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        if (this.#hasWork()) await nextTurn();
        else if (!this.#closed) await promise;
        continue;
      }
      this.#step = step;
      const short = this.#isShort(step);
      const startedAt = performance.now();
      const running = this.#backend.decode(short);
      this.#report.flush(); // while the step is computed
      const status = await running;
      this.#step = [];
      if (this.#closed) break;
      this.#settle(step, status, performance.now() - startedAt);
      if (!short) continue;
      this.#report.flush();
      await nextTurn(); // messages are read here
    }
    for (const answer of this.#active) answer.sampler?.close();
  }

  /**
   * A step of next tokens, or of the last few of a prompt, that takes no longer than messages may wait is computed on this
   * thread: on a busy machine the way to a pool thread and back costs a token more than its sampling.
   */
  #isShort(step: readonly Share[]): boolean {
    if (this.#generatingMs >= SHORT_STEP_MS) return false;
    return step.every(({ answer, count }) => answer.generating || count <= SHORT_PROMPT_TOKENS);
  }

  /** True when another round would find something to do at once. */
  #hasWork(): boolean {
    const { parallel } = this.#options;
    return (
      [...this.#runs.values()].some(({ cancelled }) => cancelled) ||
      (this.#queue.length > 0 && this.#active.length < parallel) ||
      this.#active.length > 0
    );
  }

  #dropCancelled(): void {
    for (const run of this.#runs.values()) {
      if (!run.cancelled) continue;
      this.#end(run);
      this.#report.cancelled(run);
    }
  }

  #admit(): void {
    while (this.#active.length < this.#options.parallel && this.#queue.length > 0) {
      const answer = this.#queue.shift()!;
      answer.run.admittedAt ??= performance.now();
      this.#active.push(answer);
      this.#queueChanged = true;
    }
    if (!this.#queueChanged) return;
    this.#queueChanged = false;
    const waiting = new Set(this.#queue.order().map(({ run }) => run));
    let ahead = 0;
    for (const run of waiting) if (run.admittedAt === undefined) this.#report.queued(run, ahead++);
  }

  /** Gives a sequence to every admitted answer that need not wait for another's prefix or for room. */
  #start(): void {
    for (const answer of [...this.#active]) {
      const { run } = answer;
      if (answer.sequence !== undefined || (answer.choice > 0 && run.promptDoneAt === undefined)) continue;
      const needed = run.request.maxTokens === 0 ? answer.tokens.length : answer.tokens.length - 1;
      const plan = answer.echoes ? NOTHING_CACHED : this.#cache.plan(run.request.isolationKey, answer.tokens, needed);
      if (plan.coming > plan.usable + WORTH_WAITING_TOKENS) continue;
      const others = this.#active.some(({ sequence }) => sequence !== undefined);
      if (others && this.#cache.reclaimable(plan) < this.#cache.wanted(answer.tokens, plan)) continue;
      answer.sequence = this.#cache.open(run.request.isolationKey, answer.tokens, plan);
      if (answer.sequence === undefined) continue;
      if (run.cachedTokens === undefined) this.#countPrompt(run, answer.sequence.computed);
      if (answer.remaining === 0) this.#promptDone(answer, undefined);
    }
  }

  #countPrompt(run: Run, cachedTokens: number): void {
    run.cachedTokens = cachedTokens;
    this.#report.counters.promptTokens += run.request.tokens.length;
    this.#report.counters.cachedPromptTokens += cachedTokens;
  }

  /** Fills the batch: the next token of each answer, then parts of prompts. */
  #compose(): Share[] {
    const step: Share[] = [];
    let cells = 0;
    const held = holdsBack(this.#active, performance.now());
    for (const answer of held ? [] : this.#active.filter(({ generating }) => generating)) {
      if (answer.sequence === undefined) continue; // preempted for one before it
      if (!this.#makeRoom(cells + 1, answer)) continue;
      step.push(this.#add(answer, 1));
      cells += 1;
    }
    const generating = step.length;
    let outputs = this.#backend.outputs - this.#options.parallel;
    const prompts = this.#active.filter((answer) => answer.sequence !== undefined && !answer.generating);
    const sizes = prompts.map((answer) => (answer.echoes ? Math.min(answer.remaining, outputs) : answer.remaining));
    const waiting = sizes.reduce((sum, size) => sum + size, 0);
    const parts = divideBudget(sizes, this.#chunk.next(generating, prompts.length, waiting));
    for (const [index, answer] of prompts.entries()) {
      if (answer.sequence === undefined) continue;
      const count = answer.echoes ? Math.min(parts[index]!, outputs) : parts[index]!;
      // Answers in the step keep their cells: only the first of a step may push others out.
      const room = step.length === 0 ? this.#makeRoom(cells + count, answer) : this.#cache.reserve(cells + count);
      if (count === 0 || !room) continue;
      if (answer.echoes) outputs -= count;
      step.push(this.#add(answer, count));
      cells += count;
    }
    return step;
  }

  #add(answer: Answer, count: number): Share {
    const sequence = answer.sequence!;
    const last = answer.tokens.length - 1;
    let place = -1;
    for (let at = sequence.computed; at < sequence.computed + count; at += 1) {
      const wanted = answer.echoes || (at === last && answer.run.request.maxTokens !== 0);
      const added = this.#backend.add(answer.tokens[at]!, at, sequence.id!, wanted);
      if (place < 0) place = added;
    }
    return { answer, count, place };
  }

  /** Makes `cells` free; if need be, the youngest answer that is not yet in the step waits again. False: it was this one. */
  #makeRoom(cells: number, answer: Answer): boolean {
    while (!this.#cache.reserve(cells)) {
      const youngest = this.#active.findLast(({ sequence }) => sequence !== undefined)!;
      this.#preempt(youngest);
      if (youngest === answer) return false;
    }
    return true;
  }

  #preempt(answer: Answer): void {
    this.#cache.release(answer.sequence!);
    answer.sequence = undefined;
    this.#deactivate(answer);
    this.#queue.unshift(answer);
  }

  #settle(step: readonly Share[], status: number, stepMs: number): void {
    if (status === ABORTED) {
      for (const { answer } of step) this.#cache.rollBack(answer.sequence!);
      return;
    }
    if (status !== 0) {
      this.#failStep(step, status);
      return;
    }
    this.#report.counters.decodeCalls += 1;
    const promptTokens = step.reduce((sum, { answer, count }) => sum + (answer.generating ? 0 : count), 0);
    this.#chunk.learn(promptTokens, step.filter(({ answer }) => answer.generating).length, stepMs);
    if (promptTokens === 0) this.#generatingMs = stepMs;
    for (const { answer, count } of step) {
      if (!answer.generating) this.#report.counters.computedPromptTokens += count;
      this.#cache.advance(answer.sequence!, count);
    }
    for (const { answer, count, place } of step) {
      if (answer.run.cancelled) continue;
      if (answer.echoes) collectEcho(this.#backend, answer, { place, count });
      if (answer.remaining > 0) continue;
      const begins = answer.run.promptDoneAt === undefined || answer.run.request.maxTokens === 0;
      if (begins) this.#promptDone(answer, place + count - 1);
      else this.#nextToken(answer, place + count - 1);
    }
  }

  #failStep(step: readonly Share[], status: number): void {
    for (const run of new Set(step.map(({ answer }) => answer.run))) {
      for (const { sequence } of run.answers) if (sequence) this.#cache.drop(sequence);
      for (const answer of run.answers) answer.sequence = undefined;
      this.#end(run);
      this.#report.failed(
        run,
        new IntramurosError(
          'engine_crashed',
          `The inference library could not compute a step (status ${status}). Try again.`,
          { facts: { status } },
        ),
      );
    }
  }

  #promptDone(answer: Answer, place: number | undefined): void {
    const { run } = answer;
    if (run.promptDoneAt === undefined) {
      run.promptDoneAt = performance.now();
      this.#report.prompt(run);
    }
    if (place === undefined || run.request.maxTokens === 0) this.#finish(answer, 'length');
    else this.#nextToken(answer, place);
  }

  #nextToken(answer: Answer, place: number): void {
    const { request } = answer.run;
    answer.sampler ??= openSampler(this.#backend, answer);
    const token = answer.sampler.sample(place);
    const now = performance.now();
    answer.firstTokenAt ??= now;
    answer.generated += 1;
    this.#report.counters.generatedTokens += 1;
    if (!request.ignoreEndOfText && this.#backend.isEnd(token)) {
      this.#finish(answer, 'stop');
      return;
    }
    const logprob =
      request.logprobs === undefined
        ? undefined
        : toTokenLogprob(this.#backend.logits(place), token, request.logprobs, (id) => this.#backend.spelling(id));
    const { deltas, stopped } = answer.text.push(this.#backend.piece(token), logprob);
    this.#report.text(answer, deltas, now);
    if (answer.inThinking) answer.thinkingTokens += 1;
    if (stopped !== undefined) {
      this.#finish(answer, 'stop', stopped);
      return;
    }
    answer.tokens.push(token);
    const full = answer.tokens.length >= this.#backend.requestTokens;
    if (full || answer.generated >= (request.maxTokens ?? Number.POSITIVE_INFINITY)) this.#finish(answer, 'length');
    else this.#cache.append(answer.sequence!, token);
  }

  #finish(answer: Answer, reason: 'stop' | 'length', stopSequence?: string): void {
    const now = performance.now();
    const rest = stopSequence === undefined ? answer.text.finish() : { deltas: [], stopped: stopSequence };
    this.#report.text(answer, rest.deltas, now);
    this.#report.thinkingEnd(answer, now);
    this.#report.finish(answer, rest.stopped === undefined ? reason : 'stop', rest.stopped);
    this.#cache.release(answer.sequence!);
    answer.sequence = undefined;
    this.#letGo(answer);
    const { run } = answer;
    run.finished += 1;
    if (run.finished < run.answers.length) return;
    this.#runs.delete(run.request.id);
    this.#report.done(run, now);
  }

  /** Ends a request before its answers are whole; what they computed stays cached. */
  #end(run: Run): void {
    for (const answer of run.answers) {
      if (answer.sequence) this.#cache.release(answer.sequence);
      answer.sequence = undefined;
      this.#queue.remove(answer);
      this.#letGo(answer);
    }
    this.#runs.delete(run.request.id);
    this.#queueChanged = true;
  }

  #letGo(answer: Answer): void {
    answer.sampler?.close();
    answer.sampler = undefined;
    this.#deactivate(answer);
  }

  #deactivate(answer: Answer): void {
    const at = this.#active.indexOf(answer);
    if (at < 0) return;
    this.#active.splice(at, 1);
    this.#queue.done(answer);
  }
}
