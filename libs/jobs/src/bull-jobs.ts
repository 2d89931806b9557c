import { setTimeout as pause } from 'node:timers/promises';
import { Defect, assertInvariant } from '@lifeboat/model';
import type { JobsOptions as WorkOptions, Queue, Worker } from 'bullmq';
import type { QueueBackend, StoredWork } from './backends/queue-backend.js';
import { patternOf } from './backends/repeat-by-schedule.js';
import type { EnqueueOptions, JobPayload, JobProcessor, Jobs, JobsHealth, JobsLogger, ScheduledRun, ScheduleStatus } from './jobs.js';
import { jitterOf } from './schedules/jitter.js';
import { isRunDue } from './schedules/next-run.js';

const attemptsMax = 3;
const concurrencyByDefault = 4;
const pingMaxMs = 3000;
const disconnectMaxMs = 1000;
const nameForm = /^[a-z][a-z0-9-]{0,63}$/;

/** Jobs by BullMQ: one queue and at most one worker per name, so that a slow kind of work does not hold up another. */
export class BullJobs implements Jobs {
  private readonly queues = new Map<string, Promise<Queue<StoredWork>>>();
  private readonly workers = new Map<string, Worker<StoredWork>>();
  private closing = false;

  constructor(private readonly backend: QueueBackend, private readonly logger: JobsLogger, private readonly retryDelayMs: number) {}

  async upsertSchedule({ key, name, schedule, jitterMs, lastRunAtMs, payload }: ScheduledRun): Promise<void> {
    await this.removeSchedule(key, schedule.kind === 'manual' ? undefined : name);
    if (schedule.kind === 'manual') return;
    const queue = await this.queue(name);
    const nowMs = Date.now();
    const missed = isRunDue({ schedule, lastRunAtMs, nowMs, jitterMs, key });
    // A run that starts late is the new beginning from which `every` counts.
    const anchorMs = missed || lastRunAtMs === null ? nowMs : lastRunAtMs;
    await queue.upsertJobScheduler(encodeKey(key), { pattern: patternOf({ schedule, anchorMs, key, jitterMs }) }, { name, data: { payload } });
    if (missed) await this.enqueue(name, payload, { dedupe: `missed ${key}`, delayMs: jitterOf(key, jitterMs) });
  }

  async removeSchedule(key: string, exceptOf?: string): Promise<void> {
    for (const [name, queue] of this.queues) if (name !== exceptOf) await (await queue).removeJobScheduler(encodeKey(key));
  }

  async listSchedules(): Promise<readonly ScheduleStatus[]> {
    const found: ScheduleStatus[] = [];
    for (const queue of this.queues.values()) {
      for (const scheduler of await (await queue).getJobSchedulers()) found.push({ key: decodeKey(scheduler.key), nextRunAtMs: scheduler.next ?? null });
    }
    return found;
  }

  async process<Payload extends JobPayload>(name: string, processor: JobProcessor<Payload>, options: Readonly<{ concurrency?: number }> = {}): Promise<void> {
    if (this.workers.has(name)) throw new Defect('a processor is registered twice', { details: { name } });
    await this.queue(name);
    const worker = this.backend.openWorker({
      name,
      concurrency: options.concurrency ?? concurrencyByDefault,
      processor: (job) => processor({ id: job.id ?? '', name, payload: job.data.payload as Payload, attempt: job.attemptsStarted }),
    });
    this.workers.set(name, worker);
    worker.on('error', (error) => { this.lost(name, error); });
    worker.on('stalled', (id) => { this.logger.warn({ queue: name, id }, 'queued work stalled and runs again'); });
    worker.on('failed', (job, error) => {
      const last = !job || job.attemptsMade >= (job.opts.attempts ?? 1);
      this.logger[last ? 'error' : 'warn']({ queue: name, id: job?.id, attempt: job?.attemptsMade, err: error }, last ? 'queued work failed for good' : 'queued work failed and is tried again');
    });
    await worker.waitUntilReady();
  }

  async enqueue(name: string, payload: JobPayload, { dedupe, delayMs }: EnqueueOptions = {}): Promise<string> {
    const options: WorkOptions = { ...(dedupe !== undefined && { deduplication: { id: encodeKey(dedupe) } }), ...(delayMs !== undefined && { delay: delayMs }) };
    const job = await (await this.queue(name)).add(name, { payload }, options);
    assertInvariant(job.id !== undefined, 'the queue gave no id');
    return job.id;
  }

  async health(): Promise<JobsHealth> {
    const problem = this.closing ? 'closing' : await this.problem();
    return { ok: problem === undefined, backend: this.backend.kind, message: problem ?? 'answers' };
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    const problem = await this.problem();
    if (problem === undefined) {
      await Promise.all([...this.workers.values()].map((worker) => worker.close()));
      for (const queue of this.queues.values()) await (await queue).close();
    } else {
      // Closing in order would wait for the server to come back.
      this.logger.warn({ problem }, 'job queue closed without its server');
      const queues = await Promise.all(this.queues.values());
      const ends = [...[...this.workers.values()].flatMap((worker) => [worker.close(true), worker.disconnect()]), ...queues.map((queue) => queue.disconnect())];
      await Promise.race([Promise.allSettled(ends), pause(disconnectMaxMs, undefined, { ref: false })]);
    }
    await this.backend.close();
  }

  /** Why the server does not answer; undefined when it does. */
  private async problem(): Promise<string | undefined> {
    const timeout = new Promise<string>((resolve) => {
      AbortSignal.timeout(pingMaxMs).addEventListener('abort', () => { resolve('no answer in time'); }, { once: true });
    });
    const answer = this.backend.ping().then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)));
    return Promise.race([answer, timeout]);
  }

  private queue(name: string): Promise<Queue<StoredWork>> {
    assertInvariant(nameForm.test(name), 'a queue has an unusable name', { name });
    const open = this.queues.get(name) ?? this.openQueue(name);
    this.queues.set(name, open);
    return open;
  }

  private async openQueue(name: string): Promise<Queue<StoredWork>> {
    const queue = this.backend.openQueue(name, {
      attempts: attemptsMax, backoff: { type: 'exponential', delay: this.retryDelayMs }, removeOnComplete: { count: 100 }, removeOnFail: { count: 1000 },
    });
    queue.on('error', (error) => { this.lost(name, error); });
    await queue.waitUntilReady();
    return queue;
  }

  /** Connections come back by themselves; what breaks while closing was meant to. */
  private lost(queue: string, error: Error): void {
    if (!this.closing) this.logger.warn({ queue, err: error }, 'job queue connection lost');
  }
}

/** The queue's ids take no `:`; base64url has none and can be read back. */
function encodeKey(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function decodeKey(id: string): string {
  return Buffer.from(id, 'base64url').toString();
}
