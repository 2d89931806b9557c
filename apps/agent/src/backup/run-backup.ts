import { hostname, platform, release } from 'node:os';
import { assertInvariant, isLifeboatError, seconds, type JobId, type ManifestDraft, type RestorePointId, type SessionId } from '@lifeboat/model';
import { encodeFrame } from '@lifeboat/protocol';
import { agentVersion } from '../config/agent-version.js';
import { BackupStream } from '../connection/backup-stream.js';
import { subReader, type BlockReader } from '@lifeboat/block-device';
import { BackupRefused } from '../errors/backup-refused.js';
import { RunStopped, ServerRefused, ServerUnreachable } from '../errors/agent-errors.js';
import { assertDisksUnchanged } from './assert-disks-unchanged.js';
import type { BackupPorts } from './backup-ports.js';
import { reportOf, usedBytesOf, volumeManifestOf, type BackupReport, type CapturedVolume } from './backup-report.js';
import { BaseMapStore } from './base-map/base-map-store.js';
import { openBase } from './base-map/open-base.js';
import { captureVolume } from './capture/capture-volume.js';
import { capturedBytes } from './capture/cut-spans.js';
import { refillVolume } from './capture/refill-volume.js';
import { rangesOf } from './capture/wanted-ranges.js';
import type { ChosenDisk } from './choose-disks.js';
import { commitSession } from './commit-session.js';
import { closeDisks, inspectDisks } from './inspect-disks.js';
import type { InspectedDisk } from './inspected-disk.js';
import { openBackupSession, type OpenedSession } from './open-session.js';
import { planBackup, plannedUsedBytes, weakestConsistency, type BackupPlan, type PlannedVolume } from './plan-backup.js';
import { ProgressTicker } from './progress-ticker.js';
import { selectDisks } from './select-disks.js';

export type BackupRequest = Readonly<{
  disks: readonly ChosenDisk[];
  /** Ids or paths of disks to take; empty: all. */
  only: readonly string[];
  allowInconsistent: boolean;
  jobId: JobId | null;
  /** Told as soon as the server has a job for this run. */
  onJob: (jobId: JobId) => void;
  signal: AbortSignal;
}>;

/**
 * Makes one restore point: looks at the disks, reads what is used, sends what changed, and returns when the server has committed.
 *
 * @throws BackupRefused (the first volume's code), what disks throw (DEVICE_SHRANK: nothing was committed), ServerRefused, SERVER_UNREACHABLE,
 *   RUN_STOPPED. After the last two the next run continues where this one stopped.
 */
export async function runBackup(request: BackupRequest, ports: BackupPorts): Promise<BackupReport> {
  const ticker = new ProgressTicker(ports);
  let disks: InspectedDisk[] = [];
  try {
    disks = await inspectDisks(selectDisks(request.disks, request.only), ports.snapshots);
    const plan = planBackup(disks, { allowInconsistent: request.allowInconsistent });
    const [first, ...others] = plan.refusals;
    if (first) throw new BackupRefused([first, ...others]);
    return await new BackupRun({ request, ports, ticker, disks, plan }).run();
  } finally {
    ticker.stop();
    await closeDisks(disks);
  }
}

type RunContext = Readonly<{ request: BackupRequest; ports: BackupPorts; ticker: ProgressTicker; disks: readonly InspectedDisk[]; plan: BackupPlan }>;

class BackupRun {
  private readonly startedAtMs: number;
  private readonly startedMs: number;

  constructor(private readonly context: RunContext) {
    this.startedAtMs = context.ports.clock.nowMs();
    this.startedMs = context.ports.clock.monotonicMs();
  }

  async run(): Promise<BackupReport> {
    const { request, ports, ticker, plan, disks } = this.context;
    ticker.add({ source: disks.reduce((sum, disk) => sum + disk.layout.sizeBytes, 0), used: plannedUsedBytes(plan) });
    ticker.totalBytes = plan.volumes.reduce((sum, volume) => sum + capturedBytes(volume.cut), 0);
    ticker.enter('scan');
    const maps = await BaseMapStore.open(ports.state.mapsDirectory);
    const session = await openBackupSession(plan.volumes, request, ports);
    request.onJob(session.opened.jobId);
    ticker.follow(session.opened.sessionId);
    if (session.resumed) ports.onMessage('Continuing an interrupted backup; what the server has already is not sent again.');
    try {
      return await this.transfer(session, maps);
    } catch (error) {
      await this.giveUp(session.opened.sessionId, error);
      if (error instanceof ServerRefused) await maps.forget();
      throw error;
    }
  }

  private async transfer(session: OpenedSession, maps: BaseMapStore): Promise<BackupReport> {
    const { request, ports, ticker, plan } = this.context;
    const stream = new BackupStream(session.opened.sessionId, session.opened, { ...ports, onState: ports.onMessage });
    ticker.sentBytes = () => stream.sentBytes;
    ticker.enter('send');
    try {
      const captured: CapturedVolume[] = [];
      for (const [volume, planned] of plan.volumes.entries()) captured.push(await this.captureOne({ volume, planned, session, maps, stream }));
      await stream.drain(request.signal);
      ticker.enter('commit');
      await assertDisksUnchanged(this.context.disks, { allowInconsistent: request.allowInconsistent });
      const committed = await commitSession(ports, {
        sessionId: session.opened.sessionId, draft: this.draft(session, captured), signal: request.signal,
        onRefill: (chunks) => { ports.onMessage(`The server asks for ${String(chunks)} blocks once more.`); },
        refill: async (volume, needs) => {
          const planned = plan.volumes[volume];
          assertInvariant(planned !== undefined, 'the server asks for a volume of this run');
          await refillVolume({ reader: this.readerOf(planned), plan: planned.cut, needs, send: (batch) => stream.send((seq) => encodeFrame({ type: 'batch', seq, volume, ...batch }), request.signal), signal: request.signal });
          await stream.drain(request.signal);
        },
      });
      await this.keepMaps(maps, committed.pointId, captured);
      await ports.state.openSession.remove();
      return reportOf(committed.manifest, captured);
    } finally {
      stream.close();
    }
  }

  /** The point is committed: that its map cannot be kept here costs the next run a transfer, no more. */
  private async keepMaps(maps: BaseMapStore, pointId: RestorePointId, captured: readonly CapturedVolume[]): Promise<void> {
    const volumes = captured.map(({ planned, result }) => ({ volumeId: planned.volumeId, lengthBytes: planned.cut.lengthBytes, mapRoot: result.mapRoot }));
    await maps.commit(pointId, volumes).catch(() => { this.context.ports.onMessage('The map of the restore point could not be kept here; the next run fetches it.'); });
  }

  private async captureOne(one: Readonly<{ volume: number; planned: PlannedVolume; session: OpenedSession; maps: BaseMapStore; stream: BackupStream }>): Promise<CapturedVolume> {
    const { request, ports, ticker } = this.context;
    const { volume, planned, stream } = one;
    const { lengthBytes } = planned.cut;
    const base = await openBase({ opened: one.session.opened, volume, volumeId: planned.volumeId, lengthBytes }, one.maps, { ports, signal: request.signal });
    const result = await captureVolume({
      reader: this.readerOf(planned), plan: planned.cut, base, referencesAreNew: one.session.opened.bases[volume]?.pointId === null,
      wants: rangesOf(volume, one.session.opened.wants ?? []), map: await one.maps.createPending(volume),
      send: (batch) => stream.send((seq) => encodeFrame({ type: 'batch', seq, volume, ...batch }), request.signal),
      onSpan: (done) => { ticker.add(done); },
      signal: request.signal,
    });
    await stream.send((seq) => encodeFrame({ type: 'volume-end', seq, volume, mapRoot: result.mapRoot }), request.signal);
    return { planned, result };
  }

  private draft(session: OpenedSession, captured: readonly CapturedVolume[]): ManifestDraft {
    const { ticker, disks, plan, ports } = this.context;
    const usesBase = session.opened.bases.some((base) => base.pointId !== null);
    return {
      v: 1, agentStartedAtMs: this.startedAtMs, durationMs: Math.round(ports.clock.monotonicMs() - this.startedMs), agentVersion,
      os: { platform: platform(), release: release().slice(0, 128), hostname: hostname().slice(0, 256) },
      kind: usesBase ? 'incremental' : 'full', basePointId: usesBase ? session.basePointId : null,
      consistency: weakestConsistency(plan.volumes), state: plan.volumes.some((volume) => volume.state !== 'good') ? 'suspect' : 'good',
      bytes: { ...ticker.bytes, used: captured.reduce((sum, one) => sum + usedBytesOf(one), 0) },
      disks: disks.map((disk, diskIndex) => ({
        facts: disk.facts, layout: disk.layout, volumes: captured.filter((one) => one.planned.diskIndex === diskIndex).map(volumeManifestOf),
      })),
    };
  }

  /** A stopped run and a lost server leave the session for the next run; anything else ends it. */
  private async giveUp(sessionId: SessionId, error: unknown): Promise<void> {
    const { ports } = this.context;
    const continues = (error instanceof RunStopped && !error.now) || error instanceof ServerUnreachable || (error instanceof ServerRefused && error.retry !== 'never');
    if (continues) return;
    await ports.state.openSession.remove();
    const { code, message } = isLifeboatError(error) ? error : { code: 'INTERNAL_ERROR', message: 'the agent met an unexpected error' };
    await ports.control.request('session.abort', { sessionId, code, message: message.slice(0, 500) }, AbortSignal.timeout(seconds(5))).catch(() => {
      // The server parks what nobody finishes and lets it go later; the error that ended the run is the one to report.
      ports.onMessage('The server could not be told that this backup was given up.');
    });
  }

  private readerOf(planned: PlannedVolume): BlockReader {
    return subReader(this.diskOf(planned).reader, { offsetBytes: planned.offsetBytes, lengthBytes: planned.cut.lengthBytes });
  }

  private diskOf(planned: PlannedVolume): InspectedDisk {
    const disk = this.context.disks[planned.diskIndex];
    assertInvariant(disk !== undefined, 'a planned volume lies on an inspected disk');
    return disk;
  }
}
