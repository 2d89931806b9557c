import type { MachineId, RestorePointId } from '@lifeboat/model';
import type { WriteFence } from '../concurrency/write-fence.js';
import { PointMissing, StoreFull } from '../errors.js';
import type { Ledger } from '../ledger/ledger.js';
import type { CommittedPoints } from '../point/committed-points.js';
import type { PointFiles } from '../point/point-files.js';

/** What a purge works on. */
export type PurgePorts = Readonly<{ fence: WriteFence; ledger: Ledger; points: CommittedPoints; pointFiles: PointFiles }>;

/**
 * Takes a point out of the store for good. The ledger's record is the purge; the files only follow, and the next collection moves them when that failed for lack
 * of space or by a crash. Callers hold the commit lock.
 *
 * @throws PointMissing (POINT_MISSING) there is no such point.
 */
export async function purgePoint({ fence, ledger, points, pointFiles }: PurgePorts, point: Readonly<{ machineId: MachineId; pointId: RestorePointId }>): Promise<void> {
  const { machineId, pointId } = point;
  if (!points.find(machineId, pointId)) throw new PointMissing(point);
  points.add(await ledger.append({ type: 'point.purged', machineId, pointId }));
  try {
    await fence.guard('a restore point could not be moved to the trash', () => pointFiles.discard({ machineId, pointId }));
  } catch (error) {
    if (!(error instanceof StoreFull)) throw error;
  }
}
