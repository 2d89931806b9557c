import { isLifeboatError, type Clock } from '@lifeboat/model';
import type { Logger } from 'pino';

export type ChoreTrigger = 'operator' | 'schedule' | 'retention';
/** What a phase has done so far, in whatever it counts. */
export type ChoreProgress = Readonly<{ phase: string; done: number; total: number }>;
export type ChoreEnd<Result> = Readonly<{
  trigger: ChoreTrigger; startedAtMs: number; finishedAtMs: number; outcome: 'done' | 'stopped' | 'failed'; code: string | null; message: string | null; result: Result | null;
}>;
type ChoreRun<Result> = (ports: Readonly<{ signal: AbortSignal; onProgress: (progress: ChoreProgress) => void; onPaused: (paused: boolean) => void }>) => Promise<Result>;

/** Work on the store that is done once at a time: whoever asks while it runs joins the run. Remembers how the last one ended. */
export class Chore<Result> {
  private running: Readonly<{ promise: Promise<Result>; abort: AbortController; startedAtMs: number }> | undefined;
  private progress: ChoreProgress | undefined;
  private paused = false;
  private lastEnd: ChoreEnd<Result> | null = null;
  private closed = false;

  constructor(private readonly name: string, private readonly ports: Readonly<{ clock: Clock; log: Logger }>) {}

  /** How the last run ended; null before the first. */
  get last(): ChoreEnd<Result> | null {
    return this.lastEnd;
  }

  /** As the dashboard shows it. */
  get activity(): Readonly<{ state: 'idle' | 'running' | 'paused'; phase: string | null; done: number | null; total: number | null; startedAt: string | null }> {
    if (!this.running) return { state: 'idle', phase: null, done: null, total: null, startedAt: null };
    const { phase = null, done = null, total = null } = this.progress ?? {};
    return { state: this.paused ? 'paused' : 'running', phase, done, total, startedAt: new Date(this.running.startedAtMs).toISOString() };
  }

  /** Starts the work, or joins the run under way. Rejects as the work does. */
  run(trigger: ChoreTrigger, work: ChoreRun<Result>): Promise<Result> {
    if (this.running) return this.running.promise;
    const abort = new AbortController();
    if (this.closed) abort.abort();
    const startedAtMs = this.ports.clock.nowMs();
    const promise = this.carryOut({ trigger, work, signal: abort.signal, startedAtMs });
    this.running = { promise, abort, startedAtMs };
    return promise;
  }

  /** Starts the work and answers at once; how it ends is in {@link last} and in the log. */
  start(trigger: ChoreTrigger, work: ChoreRun<Result>): void {
    void this.run(trigger, work).catch(() => undefined);
  }

  /** Ends the run under way where it can go on later, and starts none any more. */
  async close(): Promise<void> {
    this.closed = true;
    this.running?.abort.abort();
    await this.running?.promise.catch(() => undefined);
  }

  private async carryOut({ trigger, work, signal, startedAtMs }: Readonly<{ trigger: ChoreTrigger; work: ChoreRun<Result>; signal: AbortSignal; startedAtMs: number }>): Promise<Result> {
    const { clock, log } = this.ports;
    // The run is known before the work begins, so that nobody starts a second one meanwhile.
    await Promise.resolve();
    const end = (outcome: ChoreEnd<Result>['outcome'], more: Partial<Pick<ChoreEnd<Result>, 'code' | 'message' | 'result'>>): void => {
      this.lastEnd = { trigger, startedAtMs, finishedAtMs: clock.nowMs(), outcome, code: null, message: null, result: null, ...more };
    };
    try {
      const result = await work({ signal, onProgress: (progress) => { this.progress = progress; }, onPaused: (paused) => { this.paused = paused; } });
      end('done', { result });
      log.info({ chore: this.name, trigger, result }, 'a chore of the store is done');
      return result;
    } catch (error) {
      const { code, message } = isLifeboatError(error) ? error : { code: 'INTERNAL_ERROR', message: 'the chore met an unexpected error' };
      end(signal.aborted ? 'stopped' : 'failed', { code: signal.aborted ? null : code, message: signal.aborted ? null : message.slice(0, 500) });
      if (!signal.aborted) log.error({ err: error, chore: this.name, trigger }, 'a chore of the store failed');
      throw error;
    } finally {
      this.running = undefined;
      this.progress = undefined;
      this.paused = false;
    }
  }
}
