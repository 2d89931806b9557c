import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Jobs, QueuedJob } from '@lifeboat/jobs';
import { minutes, seconds, type Clock, type MachineId, type RestorePointId } from '@lifeboat/model';
import type { Pressure } from '@lifeboat/retention';
import type { Logger } from 'pino';
import { CLOCK, JOBS, LOGGER } from '../platform/tokens.js';
import { StoreSpace } from '../store/store-space.js';
import { AnomalyBrakeService } from './anomaly-brake.service.js';
import { RetentionRunsService, type RetentionTrigger } from './retention-runs.service.js';
import { SpaceHistoryService } from './space-history.service.js';

const queueName = 'retention';
/** A night of backups ends in a few runs, not in hundreds. */
const commitDelayMs = minutes(1);
const watchMs = seconds(15);
/** How long retention rests between two runs under the same pressure: another run would find the same. */
const restMs: Readonly<Record<Exclude<Pressure, 'green'>, number>> = { yellow: minutes(60), orange: minutes(10), red: minutes(1) };

/** Says when retention runs: after commits, when room gets tight, and daily. The queue only carries the word; what is to be done is planned when it runs. */
@Injectable()
export class RetentionTriggersService implements OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private watching: Promise<void> = Promise.resolve();
  private pressure: Pressure = 'green';
  private lastRunMs = -Infinity;

  constructor(
    @Inject(JOBS) private readonly jobs: Jobs,
    @Inject(RetentionRunsService) private readonly runs: RetentionRunsService,
    @Inject(StoreSpace) private readonly space: StoreSpace,
    @Inject(SpaceHistoryService) private readonly history: SpaceHistoryService,
    @Inject(AnomalyBrakeService) private readonly brake: AnomalyBrakeService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Begins to serve the queue and to watch room. */
  async begin(): Promise<void> {
    await this.jobs.process(queueName, (job) => this.serve(job), { concurrency: 1 });
    await this.jobs.upsertSchedule({ key: 'retention-daily', name: queueName, schedule: { kind: 'cron', pattern: '30 4 * * *', timeZone: 'UTC' }, jitterMs: 0, lastRunAtMs: null, payload: { trigger: 'daily' } });
    await this.brake.judgeNewest();
    this.timer = setInterval(() => { this.watching = this.watching.then(() => this.watch()); }, watchMs);
    this.timer.unref();
    // Whatever a stop cut off is planned anew.
    await this.ask('start', 0);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.watching;
  }

  /** A point was committed. Never rejects: the commit stands. */
  async pointCommitted(machineId: MachineId, pointId: RestorePointId): Promise<void> {
    try {
      await this.brake.judge(machineId, pointId);
      await this.ask('commit', commitDelayMs);
    } catch (error) {
      this.log.error({ err: error, machineId, pointId }, 'retention could not be asked for after a commit');
    }
  }

  private async watch(): Promise<void> {
    try {
      await this.history.sampleWhenDue();
      const { pressure } = await this.space.measure();
      const worse = rank[pressure] > rank[this.pressure];
      if (pressure !== this.pressure) this.log[worse ? 'warn' : 'info']({ before: this.pressure, pressure }, 'room in the store changed');
      this.pressure = pressure;
      if (pressure !== 'green' && (worse || this.clock.monotonicMs() - this.lastRunMs > restMs[pressure])) await this.ask('pressure', 0);
    } catch (error) {
      this.log.error({ err: error }, 'room in the store could not be watched');
    }
  }

  private async ask(trigger: RetentionTrigger, delayMs: number): Promise<void> {
    if (delayMs === 0) this.lastRunMs = this.clock.monotonicMs();
    await this.jobs.enqueue(queueName, { trigger }, { dedupe: `retention ${trigger}`, delayMs });
  }

  private async serve(job: QueuedJob): Promise<void> {
    const trigger = triggers.find((each) => each === job.payload['trigger']) ?? 'daily';
    await this.runs.run(trigger);
    this.lastRunMs = this.clock.monotonicMs();
  }
}

const rank: Readonly<Record<Pressure, number>> = { green: 0, yellow: 1, orange: 2, red: 3 };
const triggers: readonly RetentionTrigger[] = ['operator', 'commit', 'pressure', 'daily', 'start'];
