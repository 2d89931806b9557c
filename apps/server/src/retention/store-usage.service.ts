import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Catalog } from '@lifeboat/catalog';
import { minutes, seconds, type Clock, type MachineId, type RestorePointId } from '@lifeboat/model';
import type { ExclusiveRun } from '@lifeboat/retention';
import { measureUsage, type MachineUsage, type Store, type StoreUsage, type UsageSource } from '@lifeboat/store';
import type { Logger } from 'pino';
import { CATALOG, CLOCK, LOGGER, STORE } from '../platform/tokens.js';

/** A background measurement begins this long after the change that made it stale, so that a night of backups is measured once. */
const settleMs = minutes(1);
/** Measuring may take this share of the time at most. */
const dutyFactor = 20;
const retryMs = minutes(10);
/** Whoever looks at a list waits this long for fresh numbers; small stores are measured within. */
const viewWaitMs = seconds(3);

export type MeasuredUsage = Readonly<{ usage: StoreUsage; measuredAtMs: number }>;

/** What each point and each machine takes in the store, measured in the background and kept in memory. */
@Injectable()
export class StoreUsageService implements OnModuleDestroy {
  private measured: MeasuredUsage | null = null;
  private byMachine: ReadonlyMap<MachineId, MachineUsage> = new Map();
  private running: Promise<void> | undefined;
  private stale = true;
  private timer: NodeJS.Timeout | undefined;
  private lastDurationMs = 0;
  private readonly abort = new AbortController();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** The last measurement; null before the first. */
  get current(): MeasuredUsage | null {
    return this.measured;
  }

  /** What deleting only this point frees; null when it was never measured. */
  uniqueBytesOf(machineId: MachineId, pointId: RestorePointId): number | null {
    return this.byMachine.get(machineId)?.uniqueBytes.get(pointId) ?? null;
  }

  /**
   * Runs of a machine's points and what their deletion frees. What the newest measured point names may be named by points that came later, so its runs reach to `newestSeq`.
   * Null before the first measurement.
   */
  runsOf(machineId: MachineId, newestSeq: number): readonly ExclusiveRun[] | null {
    const usage = this.byMachine.get(machineId);
    if (!usage) return null;
    const measuredTo = usage.runs.reduce((last, run) => Math.max(last, run.lastSeq), 0);
    return usage.runs.map((run) => (run.lastSeq === measuredTo && newestSeq > measuredTo ? { ...run, lastSeq: newestSeq } : run));
  }

  /** Points came or went: measures again in a while. */
  changed(): void {
    this.stale = true;
    this.schedule(Math.max(settleMs, this.lastDurationMs * dutyFactor));
  }

  /** Measures now when something changed since the last time, and waits for it. Rejects with the store's codes; the old numbers stay. */
  async refresh(): Promise<void> {
    while (this.running || this.stale) {
      this.running ??= this.measure().finally(() => { this.running = undefined; });
      await this.running;
    }
  }

  /** Waits a moment for numbers of what is in the store now; a large store shows those of its last measurement. Never rejects. */
  async freshForView(): Promise<void> {
    const isCostly = this.measured !== null && this.lastDurationMs > viewWaitMs;
    if (isCostly || (!this.stale && !this.running)) return;
    const measured = this.refresh().catch((error: unknown) => { this.log.warn({ err: error }, 'what points take in the store could not be measured'); });
    await Promise.race([measured, this.clock.sleep(viewWaitMs, this.abort.signal).catch(() => undefined)]);
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    this.abort.abort();
    await this.running?.catch(() => undefined);
  }

  private schedule(delayMs: number): void {
    if (this.timer || this.abort.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.refresh().catch((error: unknown) => {
        if (this.abort.signal.aborted) return;
        this.log.warn({ err: error }, 'what points take in the store could not be measured');
        this.schedule(retryMs);
      });
    }, delayMs);
    this.timer.unref();
  }

  private async measure(): Promise<void> {
    this.stale = false;
    const startedMs = this.clock.monotonicMs();
    try {
      const machines = sourcesOf(await this.catalog.points.listAll());
      const usage = await measureUsage({ store: this.store, machines, signal: this.abort.signal });
      this.measured = { usage, measuredAtMs: this.clock.nowMs() };
      this.byMachine = new Map(usage.machines.map((machine) => [machine.machineId, machine]));
    } catch (error) {
      this.stale = true;
      throw error;
    } finally {
      this.lastDurationMs = this.clock.monotonicMs() - startedMs;
      if (this.lastDurationMs > seconds(10)) this.log.info({ durationMs: this.lastDurationMs }, 'measured what points take in the store');
    }
  }
}

/** Points by machine, oldest first. */
function sourcesOf(points: Awaited<ReturnType<Catalog['points']['listAll']>>): UsageSource[] {
  const byMachine = new Map<MachineId, { pointId: RestorePointId; seq: number }[]>();
  for (const { machineId, pointId, seq } of points) {
    const known = byMachine.get(machineId);
    if (known) known.push({ pointId, seq });
    else byMachine.set(machineId, [{ pointId, seq }]);
  }
  return [...byMachine].map(([machineId, own]) => ({ machineId, points: own }));
}
