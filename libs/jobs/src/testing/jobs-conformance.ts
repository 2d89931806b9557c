import { setTimeout as pause } from 'node:timers/promises';
import { hours, minutes } from '@lifeboat/model';
import { createJobs } from '../create-jobs.js';
import type { JobsLogger } from '../jobs.js';
import type { JobPayload, Jobs, JobsHealth, QueuedJob } from '../jobs.js';
import { nextFireMs } from '../schedules/next-run.js';

/** Where a conformance run finds its server. */
export type JobsPlace = Readonly<{ backend: JobsHealth['backend']; settings(): Pick<Parameters<typeof createJobs>[0], 'redisUrl' | 'postgres'>; stopServer(): Promise<void> }>;

/** Long enough for a busy machine; every wait ends as soon as what it waits for has happened. */
const patienceMs = 30_000;

/** What every backend of the job queue must do. Each test uses names of its own, so that nothing is left over from another. */
export function describeJobs(place: JobsPlace): void {
  let jobs: Jobs;
  let lines: string[];
  let names = 0;
  const opened: Jobs[] = [];
  const logger: JobsLogger = { warn: (_facts, text) => lines.push(`warn ${text}`), error: (_facts, text) => lines.push(`error ${text}`) };
  const openJobs = async (): Promise<Jobs> => {
    const made = await createJobs({ ...place.settings(), logger, retryDelayMs: 20 });
    opened.push(made);
    return made;
  };
  const newName = (): string => `work-${String((names += 1))}`;

  beforeEach(async () => {
    lines = [];
    jobs = await openJobs();
  });
  afterEach(async () => {
    for (const made of opened.splice(0)) await made.close();
  });

  /** Registers a processor that notes what it gets; `fail` may throw. */
  async function recordWork(name: string, fail: (job: QueuedJob) => void = () => undefined, on = jobs): Promise<QueuedJob[]> {
    const seen: QueuedJob[] = [];
    await on.process(name, (job) => {
      seen.push(job);
      fail(job);
      return Promise.resolve();
    });
    return seen;
  }

  const payloadsOf = (seen: readonly QueuedJob[]): JobPayload[] => seen.map((job) => job.payload);

  test('carries out each piece of work once, with its payload, under its own name', async () => {
    const [one, other] = [newName(), newName()];
    await jobs.enqueue(one, { early: true });
    const [ones, others] = [await recordWork(one), await recordWork(other)];
    await jobs.enqueue(other, { machineId: 'abc', count: 2 ** 53 - 1, nothing: null });
    await until(() => ones.length === 1 && others.length === 1);
    expect(payloadsOf(ones)).toEqual([{ early: true }]);
    expect(others[0]).toMatchObject({ name: other, payload: { machineId: 'abc', count: 2 ** 53 - 1, nothing: null }, attempt: 1 });
  });

  test('two servers share the work', async () => {
    const name = newName();
    const second = await openJobs();
    const [here, there] = [await recordWork(name), await recordWork(name, undefined, second)];
    const sent = Array.from({ length: 40 }, (_, index) => index);
    for (const index of sent) await jobs.enqueue(name, { index });
    await until(() => here.length + there.length >= sent.length);
    expect([...here, ...there].map((job) => Number(job.payload['index'])).sort((a, b) => a - b)).toEqual(sent);
  });

  test('adds deduplicated work once while it waits, and again when it is done', async () => {
    const name = newName();
    const dedupe = 'machine:1 – äöü';
    const first = await jobs.enqueue(name, { try: 1 }, { dedupe });
    expect(await jobs.enqueue(name, { try: 2 }, { dedupe })).toBe(first);
    await jobs.enqueue(name, { other: true }, { dedupe: 'machine:2' });
    const seen = await recordWork(name);
    await until(() => seen.length === 2);
    await until(async () => (await jobs.enqueue(name, { try: 3 }, { dedupe })) !== first);
    await until(() => seen.length === 3);
    expect(payloadsOf(seen)).toEqual([{ try: 1 }, { other: true }, { try: 3 }]);
  });

  test('delays', async () => {
    const name = newName();
    const seen = await recordWork(name);
    const sentAt = Date.now();
    await jobs.enqueue(name, { late: true }, { delayMs: 400 });
    await jobs.enqueue(name, { late: false });
    await until(() => seen.length === 2);
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(400);
    expect(payloadsOf(seen)).toEqual([{ late: false }, { late: true }]);
  });

  test('tries again, three times in all, and says so', async () => {
    const [recovers, gives] = [newName(), newName()];
    const fails = (until: number) => (job: QueuedJob) => {
      if (job.attempt < until) throw new TypeError('not now');
    };
    const [recovered, gaveUp] = [await recordWork(recovers, fails(3)), await recordWork(gives, fails(99))];
    await jobs.enqueue(recovers, {});
    await jobs.enqueue(gives, {});
    await until(() => recovered.length === 3 && lines.some((line) => line === 'error queued work failed for good'));
    expect(recovered.map((job) => job.attempt)).toEqual([1, 2, 3]);
    expect(gaveUp.map((job) => job.attempt)).toEqual([1, 2, 3]);
  });

  test('runs a schedule at its time and plans the next run from the same beginning', async () => {
    const name = newName();
    const seen = await recordWork(name);
    const lastRunAtMs = Date.now() - minutes(1) + 700;
    await jobs.upsertSchedule({ key: 'machine:1', name, schedule: { kind: 'every', intervalMs: minutes(1) }, jitterMs: 0, lastRunAtMs, payload: { machineId: 'm' } });
    expect(await jobs.listSchedules()).toEqual([{ key: 'machine:1', nextRunAtMs: lastRunAtMs + minutes(1) }]);
    await until(() => seen.length === 1);
    expect(Date.now()).toBeGreaterThanOrEqual(lastRunAtMs + minutes(1));
    expect(payloadsOf(seen)).toEqual([{ machineId: 'm' }]);
    await until(async () => (await jobs.listSchedules())[0]?.nextRunAtMs === lastRunAtMs + minutes(2));
  });

  test('catches up with a missed run once, however often it is told', async () => {
    const name = newName();
    const run = { key: 'k', name, schedule: { kind: 'every', intervalMs: hours(1) } as const, jitterMs: 0, lastRunAtMs: Date.now() - hours(30), payload: { machineId: 'm' } };
    await jobs.upsertSchedule(run);
    await jobs.upsertSchedule(run);
    const seen = await recordWork(name);
    await jobs.enqueue(name, { last: true });
    await until(() => seen.length >= 2);
    expect(payloadsOf(seen)).toEqual([{ machineId: 'm' }, { last: true }]);
    const [status] = await jobs.listSchedules();
    expect(status?.nextRunAtMs).toBeGreaterThan(Date.now() + minutes(59));
  });

  test('plans cron in its time zone with the jitter of its key, and replaces and removes by key', async () => {
    const name = newName();
    await recordWork(name);
    const schedule = { kind: 'cron', pattern: '30 2 * * *', timeZone: 'Europe/Berlin' } as const;
    const run = { key: 'büro:1', name, schedule, jitterMs: hours(2), lastRunAtMs: Date.now(), payload: {} };
    await jobs.upsertSchedule(run);
    await jobs.upsertSchedule(run);
    await jobs.upsertSchedule({ ...run, key: 'other' });
    const nextOf = (key: string) => nextFireMs({ schedule, anchorMs: 0, key, jitterMs: hours(2) }, Date.now());
    expect([...(await jobs.listSchedules())].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual([{ key: 'büro:1', nextRunAtMs: nextOf('büro:1') }, { key: 'other', nextRunAtMs: nextOf('other') }]);
    await jobs.upsertSchedule({ ...run, key: 'other', schedule: { kind: 'manual' } });
    await jobs.removeSchedule('never heard of');
    expect((await jobs.listSchedules()).map((status) => status.key)).toEqual(['büro:1']);
    await jobs.removeSchedule('büro:1');
    expect(await jobs.listSchedules()).toEqual([]);
  });

  test('a schedule that cannot be followed is refused', async () => {
    const schedule = { kind: 'cron', pattern: '99 * * * *', timeZone: 'UTC' } as const;
    await expect(jobs.upsertSchedule({ key: 'k', name: newName(), schedule, jitterMs: 0, lastRunAtMs: null, payload: {} })).rejects.toMatchObject({ code: 'SCHEDULE_INVALID' });
  });

  test('schedules and delayed work outlive the server process', async () => {
    const name = newName();
    await jobs.upsertSchedule({ key: 'kept', name, schedule: { kind: 'every', intervalMs: minutes(1) }, jitterMs: 0, lastRunAtMs: Date.now() - minutes(1) + 600, payload: { scheduled: true } });
    await jobs.enqueue(name, { delayed: true }, { delayMs: 300 });
    await jobs.close();
    const reopened = await openJobs();
    const seen = await recordWork(name, undefined, reopened);
    await until(() => seen.length === 2);
    expect(payloadsOf(seen)).toEqual([{ delayed: true }, { scheduled: true }]);
  });

  test('closing waits for work that runs', async () => {
    const name = newName();
    let [started, ended] = [false, false];
    await jobs.process(name, async () => {
      started = true;
      await pause(300);
      ended = true;
    });
    await jobs.enqueue(name, {});
    await until(() => started);
    await jobs.close();
    expect(ended).toBe(true);
    expect(await jobs.health()).toMatchObject({ ok: false });
  });

  test('a name is processed once and has a usable form', async () => {
    const name = newName();
    await recordWork(name);
    await expect(recordWork(name)).rejects.toMatchObject({ code: 'DEFECT' });
    await expect(jobs.enqueue('With:Colon', {})).rejects.toMatchObject({ code: 'DEFECT' });
  });

  test('tells when its server goes away, and still closes', async () => {
    const name = newName();
    await recordWork(name);
    expect(await jobs.health()).toEqual({ ok: true, backend: place.backend, message: 'answers' });
    await place.stopServer();
    await until(async () => !(await jobs.health()).ok);
    await jobs.close();
    await expect(openJobs()).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE', details: { backend: place.backend } });
  });
}

async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + patienceMs;
  while (!(await happened())) {
    if (Date.now() > giveUpAt) throw new TypeError('what the test waits for did not happen');
    await pause(10);
  }
}
