import { isLifeboatError, type BackupProgress, type JobId } from '@lifeboat/model';
import { LvmSnapshotProvider, runSystemCommand } from '@lifeboat/change-tracking';
import { systemClock, systemRandom } from '@lifeboat/codec';
import type { BackupWatcher } from '../backup/backup-ports.js';
import type { BackupReport } from '../backup/backup-report.js';
import { chooseDisks } from '../backup/choose-disks.js';
import { runBackup } from '../backup/run-backup.js';
import type { EnrolledAgent } from '../cli/agent-context.js';
import type { AgentConfig } from '../config/agent-config.js';
import { BackupRefused } from '../errors/backup-refused.js';
import { AgentBusy, BackupDisabled, RunStopped } from '../errors/agent-errors.js';
import type { LastRun } from '../identity/agent-state.js';

/** What one run is asked to do. */
export type RunOptions = Readonly<{ only: readonly string[]; allowInconsistent: boolean; jobId: JobId | null }>;

/** A run under way, for status and stop. */
export type RunningBackup = Readonly<{ startedAtMs: number; jobId: JobId | null; progress: BackupProgress | null }>;

/** Runs backups one at a time, tells the server how each ended, and remembers it for `get status`. Its process holds the agent lock. */
export class BackupRunner {
  private current: { startedAtMs: number; jobId: JobId | null; progress: BackupProgress | null; stop: AbortController } | null = null;

  constructor(
    private readonly agent: EnrolledAgent,
    private readonly config: AgentConfig,
  ) {}

  get running(): RunningBackup | null {
    return this.current;
  }

  /**
   * Makes a restore point.
   * @throws AgentBusy (AGENT_BUSY), BackupDisabled (BACKUP_DISABLED), and as `runBackup`.
   */
  async run(options: RunOptions, watcher: BackupWatcher): Promise<BackupReport> {
    if (this.current) throw new AgentBusy({ startedAt: new Date(this.current.startedAtMs).toISOString() });
    const current = { startedAtMs: systemClock.nowMs(), jobId: options.jobId, progress: null as BackupProgress | null, stop: new AbortController() };
    this.current = current;
    try {
      await this.assertEnabled();
      const onProgress = (progress: BackupProgress): void => {
        current.progress = progress;
        watcher.onProgress(progress);
      };
      const report = await runBackup(
        { disks: await chooseDisks(this.agent.identity.disks), only: options.only, allowInconsistent: options.allowInconsistent, jobId: options.jobId, onJob: (jobId) => { current.jobId = jobId; }, signal: current.stop.signal },
        { ...this.agent, clock: systemClock, random: systemRandom, snapshots: [new LvmSnapshotProvider(runSystemCommand, systemRandom)], unreachableMaxMs: this.config.unreachableMaxMs, parkedMaxMs: this.config.parkedMaxMs, onProgress, onMessage: watcher.onMessage },
      );
      const warned = report.volumes.some((volume) => volume.warnings.length > 0);
      await this.finish(current.jobId, { state: warned ? 'warned' : 'done', code: null, message: null, pointId: report.pointId }, watcher);
      return report;
    } catch (error) {
      await this.finish(current.jobId, outcomeOf(error), watcher);
      throw error;
    } finally {
      this.current = null;
    }
  }

  /** Ends the run under way, if any. With `now` the server forgets what it got; without, the next run continues. */
  stop(now: boolean): boolean {
    this.current?.stop.abort(new RunStopped(now));
    return this.current !== null;
  }

  private async assertEnabled(): Promise<void> {
    const pause = await this.agent.state.pause.read();
    if (pause && pause.untilMs > systemClock.nowMs()) throw new BackupDisabled({ until: new Date(pause.untilMs).toISOString(), reason: pause.reason });
  }

  private async finish(jobId: JobId | null, outcome: Outcome, watcher: BackupWatcher): Promise<void> {
    const pointId = outcome.pointId as LastRun['pointId'];
    await this.agent.state.lastRun.write({ v: 1, finishedAtMs: systemClock.nowMs(), ...outcome, pointId });
    if (jobId === null) return;
    const request = { jobId, state: outcome.state, code: outcome.code, message: outcome.message?.slice(0, 500) ?? null, pointId };
    await this.agent.control.request('job.report', request, AbortSignal.timeout(reportMsMax)).catch(() => {
      // The run itself is over either way; the server sees from the session how it ended.
      watcher.onMessage('The server could not be told how the run ended.');
    });
  }
}

const reportMsMax = 10_000;
type Outcome = Readonly<{ state: LastRun['state']; code: string | null; message: string | null; pointId: string | null }>;

function outcomeOf(error: unknown): Outcome {
  const { code, message } = isLifeboatError(error) ? error : { code: 'INTERNAL_ERROR', message: 'the agent met an unexpected error' };
  const state = error instanceof RunStopped ? 'stopped' : error instanceof BackupRefused || error instanceof BackupDisabled ? 'refused' : 'failed';
  return { state, code, message, pointId: null };
}
