import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { minutes, seconds, type JobId, type MachineId } from '@lifeboat/model';
import { dashboardEvents, type Computer, type DashboardChange, type Job } from '@lifeboat/protocol';
import type { Logger } from 'pino';
import type { Namespace } from 'socket.io';
import { JobBoard } from '../jobs/job-board.js';
import { ChangeLog } from '../platform/change-log.js';
import { RoomSequences } from '../platform/room-sequences.js';
import { LOGGER } from '../platform/tokens.js';
import { FleetView } from '../restore-points/fleet-view.js';

const pushMs = seconds(1);
/** A machine becomes late by time alone; all of them are looked at this often. */
const reviewMs = minutes(1);

type Content = Readonly<{ computers: readonly Computer[]; jobs: readonly Job[]; points: ReadonlySet<MachineId> }>;

/** Tells watching pages what changed, at most once a second and room. Nothing is computed for rooms nobody watches. */
@Injectable()
export class DashboardFeed implements OnModuleDestroy {
  private namespace: Namespace | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pushing: Promise<void> = Promise.resolve();
  private readonly shown = new Map<MachineId, string>();
  private sinceReviewMs = 0;

  constructor(
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(FleetView) private readonly fleet: FleetView,
    @Inject(JobBoard) private readonly board: JobBoard,
    @Inject(RoomSequences) private readonly sequences: RoomSequences,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Begins to push into the rooms of `namespace`. */
  begin(namespace: Namespace): void {
    this.namespace = namespace;
    this.timer = setInterval(() => { this.tick(); }, pushMs);
    this.timer.unref();
  }

  /** Stops pushing; resolves when nothing is under way. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.pushing;
  }

  private tick(): void {
    this.pushing = this.pushing.then(() => this.push()).catch((error: unknown) => { this.log.error({ err: error }, 'the dashboards could not be told what changed'); });
  }

  private async push(): Promise<void> {
    const changes = this.changes.take();
    this.sinceReviewMs += pushMs;
    if (!this.namespace || this.namespace.sockets.size === 0) {
      this.shown.clear();
      return;
    }
    const review = this.sinceReviewMs >= reviewMs;
    if (review) this.sinceReviewMs = 0;
    const computers = review ? await this.fleet.list() : await this.computersOf(changes.machines);
    const content = { computers: computers.filter((computer) => this.isNews(computer)), jobs: await this.jobsOf(changes.jobs), points: changes.points };
    this.emit('fleet', { ...content, jobs: [], points: new Set() });
    this.emit('jobs', { ...content, computers: [], points: new Set() });
    const machines = new Set([...content.computers.map((computer) => computer.machineId), ...content.jobs.map((job) => job.machineId), ...content.points]);
    for (const machineId of machines) {
      this.emit(`machine:${machineId}`, {
        computers: content.computers.filter((computer) => computer.machineId === machineId), jobs: content.jobs.filter((job) => job.machineId === machineId),
        points: new Set(content.points.has(machineId) ? [machineId] : []),
      });
    }
  }

  private emit(room: string, content: Content): void {
    if (content.computers.length === 0 && content.jobs.length === 0 && content.points.size === 0) return;
    const change: DashboardChange = { room, seq: this.sequences.next(room), computers: [...content.computers], jobs: [...content.jobs], points: content.points.size > 0 };
    this.namespace?.to(room).emit(dashboardEvents.change, change);
  }

  private async computersOf(machineIds: ReadonlySet<MachineId>): Promise<Computer[]> {
    const found: Computer[] = [];
    for (const machineId of machineIds) {
      const computer = await this.fleet.find(machineId);
      if (computer) found.push(computer);
    }
    return found;
  }

  private async jobsOf(jobs: ReadonlyMap<JobId, MachineId>): Promise<Job[]> {
    return Promise.all([...jobs.keys()].map(async (jobId) => this.board.view(await this.board.get(jobId))));
  }

  /** A machine that looks as it did when it was last pushed is no news. When it was last seen is not looked at: it changes all the time. */
  private isNews(computer: Computer): boolean {
    const looks = JSON.stringify({ ...computer, lastSeenAt: null });
    const before = this.shown.get(computer.machineId);
    this.shown.set(computer.machineId, looks);
    return before !== looks;
  }
}
