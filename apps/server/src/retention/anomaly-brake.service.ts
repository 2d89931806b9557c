import { Inject, Injectable } from '@nestjs/common';
import type { Catalog, PointRecord } from '@lifeboat/catalog';
import type { MachineId, RestorePointId } from '@lifeboat/model';
import { judgeChange, type ChangeSample } from '@lifeboat/retention';
import type { Logger } from 'pino';
import { ChangeLog } from '../platform/change-log.js';
import { ServerLedger } from '../platform/server-ledger.js';
import { CATALOG, LOGGER } from '../platform/tokens.js';

/** Stops retention for a machine whose backups suddenly look like an attack, until an operator says that all is well. */
@Injectable()
export class AnomalyBrakeService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(ServerLedger) private readonly ledger: ServerLedger,
    @Inject(ChangeLog) private readonly changes: ChangeLog,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Compares a new point with the machine's history. Does nothing for a point that was judged before, and while an anomaly of the machine is open. */
  async judge(machineId: MachineId, pointId: RestorePointId): Promise<void> {
    const points = [...(await this.catalog.points.listByMachine(machineId))].reverse();
    const at = points.findIndex((point) => point.pointId === pointId);
    const next = points[at];
    if (!next || (await this.isKnown(machineId, pointId))) return;
    const verdict = judgeChange(points.slice(0, at).filter((point) => point.state === 'good').map(sampleOf), sampleOf(next));
    if (verdict.kind === 'normal' || verdict.kind === 'unknown') return;
    const { kind, detail, lastCleanPointId } = verdict;
    await this.ledger.append({ type: 'anomaly.raised', machineId, pointId, lastCleanPointId, kind, detail });
    this.changes.pointsChanged(machineId);
    this.log.error({ machineId, pointId, kind, detail }, 'a computer changed as a healthy one does not; nothing of it is pruned until this is cleared');
  }

  /** Judges every machine's newest point: the server may have stopped between a commit and its judgement. */
  async judgeNewest(): Promise<void> {
    for (const { machineId } of await this.catalog.computers.list()) {
      const [newest] = await this.catalog.points.listByMachine(machineId);
      if (newest) await this.judge(machineId, newest.pointId);
    }
  }

  /** An operator says that all is well with a machine. @throws ComputerNotFound (COMPUTER_NOT_FOUND), ComputerNameAmbiguous */
  async clear(computer: string, by: Readonly<{ actor: string; reason: string }>): Promise<void> {
    const { machineId } = await this.catalog.computers.findByNameOrId(computer);
    await this.ledger.append({ type: 'anomaly.cleared', machineId, ...by });
    this.changes.pointsChanged(machineId);
  }

  private async isKnown(machineId: MachineId, pointId: RestorePointId): Promise<boolean> {
    const known = await this.catalog.retention.anomaliesOf(machineId);
    return known.some((anomaly) => anomaly.clearedAtMs === null || anomaly.pointId === pointId);
  }
}

function sampleOf({ pointId, createdAtMs, bytes }: PointRecord): ChangeSample {
  return { pointId, createdAtMs, usedBytes: bytes.used, changedBytes: bytes.changed, storedBytes: bytes.stored };
}
