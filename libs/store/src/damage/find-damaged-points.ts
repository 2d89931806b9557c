import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLifeboatError, type Digest, type PageSource, type RestorePointManifest } from '@lifeboat/model';
import { walkClosure } from '../commit/walk-closure.js';
import { DamageList, type DamagedVolume } from '../fsck/damage-list.js';
import type { FsckDamage } from '../fsck/fsck-report.js';
import type { CommittedPoint } from '../point/committed-points.js';

/** Which points some lost content belongs to, range by range; `truncated` when there are more ranges than listed. */
export type DamageReport = Readonly<{ damage: readonly FsckDamage[]; truncated: boolean; affectedPoints: number }>;

/** Where points and their maps are read. */
export type DamagePorts = Readonly<{ points: readonly CommittedPoint[]; readManifest: (point: CommittedPoint) => Promise<RestorePointManifest>; readPage: PageSource }>;

/**
 * Walks the maps of all points and reports every range whose page or chunk is in `bad`, and everything that cannot be read on the way.
 * Memory: 150 bytes per digest of `bad` and per distinct page, of which a TiB of distinct data has 40,000. Cost: reads every distinct page once; those above
 * damage once per point that has them.
 */
export async function findDamagedPoints(bad: ReadonlySet<Digest>, ports: DamagePorts, signal?: AbortSignal): Promise<DamageReport> {
  const list = new DamageList();
  const clean = new Set<Digest>();
  for (const point of ports.points) {
    signal?.throwIfAborted();
    const manifest = await readOrReport(point, ports, list);
    for (const disk of manifest?.disks ?? []) {
      for (const volume of disk.volumes) if (manifest) await walkVolume({ manifest, diskId: disk.facts.diskId, volume }, { bad, clean, list, ports, signal });
    }
    await nextTurn();
  }
  return { damage: list.entries, truncated: list.truncated, affectedPoints: list.affectedPoints };
}

async function readOrReport(point: CommittedPoint, ports: DamagePorts, list: DamageList): Promise<RestorePointManifest | undefined> {
  try {
    return await ports.readManifest(point);
  } catch (error) {
    if (!isLifeboatError(error) || error.code !== 'POINT_DAMAGED') throw error;
    list.addPoint({ point, computerName: null, detail: String(error.details['reason']) });
    return undefined;
  }
}

type Walk = Readonly<{ bad: ReadonlySet<Digest>; clean: Set<Digest>; list: DamageList; ports: DamagePorts; signal: AbortSignal | undefined }>;

async function walkVolume(at: DamagedVolume, { bad, clean, list, ports, signal }: Walk): Promise<void> {
  // Damage counted when each page on the way down was entered: a page below which none was added need not be walked again.
  const before: number[] = [];
  await walkClosure({ digest: at.volume.mapRoot, lengthBytes: at.volume.lengthBytes }, {
    getPage: ports.readPage,
    enter: (digest) => {
      if (clean.has(digest)) return false;
      before.push(list.count);
      return true;
    },
    leave: (digest) => {
      if (before.pop() === list.count) clean.add(digest);
    },
    onLostPage: ({ digest, offsetBytes, lengthBytes, error }) => {
      before.pop();
      if (!isLifeboatError(error)) throw error;
      list.addRange(at, { offsetBytes, lengthBytes, structure: 'page', digest, detail: error.code });
    },
    onChunk: ({ digest, offsetBytes, lengthBytes }) => {
      if (bad.has(digest)) list.addRange(at, { offsetBytes, lengthBytes, structure: 'chunk', digest, detail: 'lost' });
    },
  }, signal);
}
