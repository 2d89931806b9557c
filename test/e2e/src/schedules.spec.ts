import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Installation } from './support/installation.js';

type Job = Readonly<{ state: string; trigger: string }>;

/** A minute is the shortest schedule; twice that is more than any run may be late here. */
const budgetMs = 120_000;

describe('a schedule', () => {
  let lifeboat: Installation;
  let agent: ChildProcess;

  const startAgent = (): void => {
    agent = lifeboat.startAgent('WS-042', 'run');
    agent.stdout?.resume();
    agent.stderr?.resume();
  };
  const stopAgent = async (): Promise<void> => {
    const gone = new Promise((resolve) => agent.once('exit', resolve));
    agent.kill('SIGTERM');
    await gone;
  };
  const points = async (): Promise<number> => ((await lifeboat.admin('get', 'versions', 'WS-042', '--json')).json['versions'] as unknown[]).length;
  const jobs = async (): Promise<Job[]> => (await lifeboat.admin('jobs', '--json')).json['jobs'] as Job[];
  const until = async (done: () => Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + budgetMs;
    while (!(await done())) {
      if (Date.now() > deadline) throw new Error(`it did not happen in time:\n${JSON.stringify(await jobs())}`);
      await wait(1000);
    }
  };

  beforeAll(async () => {
    lifeboat = await Installation.start();
    const disk = path.join(lifeboat.folder, 'ws.img');
    fs.writeFileSync(disk, Buffer.alloc(1024 * 1024, 5));
    await lifeboat.enrol('WS-042', disk);
  });
  afterAll(async () => {
    await stopAgent();
    await lifeboat.remove();
  });

  test('makes restore points by itself', async () => {
    expect((await lifeboat.admin('schedule', 'set', 'WS-042', '--every', '1m', '--jitter', '0m')).code).toBe(0);
    startAgent();
    await until(async () => (await points()) >= 2);
    expect((await jobs()).every((job) => job.trigger === 'schedule')).toBe(true);
  });

  test('keeps one run for a machine that is away, and catches it up when it is back', async () => {
    await stopAgent();
    await until(async () => (await jobs()).some((job) => job.state === 'queued'));
    const before = await points();
    expect((await jobs()).filter((job) => job.state === 'queued')).toHaveLength(1);
    startAgent();
    await until(async () => (await points()) > before);
  });
});
