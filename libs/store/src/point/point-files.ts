import type { MachineId, RestorePointId, RestorePointManifest, StoreId } from '@lifeboat/model';
import { isInvalid, type Invalid } from '../binary/binary.js';
import { SerialQueue } from '../concurrency/serial-queue.js';
import type { WriteFence } from '../concurrency/write-fence.js';
import { PointDamaged, StoreFull, StoreReadOnly } from '../errors.js';
import { isNoSpace } from '../fs/errno.js';
import { syncDirectory } from '../fs/file-io.js';
import { directoryOf, onBoth } from '../fs/mirrored-file.js';
import { isUnreadableCopy, readCopy, type FileCopy } from '../fs/read-copy.js';
import type { StoreFs } from '../fs/store-fs.js';
import { writeDurably } from '../fs/write-durably.js';
import type { TwinReport } from '../recovery/twin-report.js';
import type { CommittedPoint } from './committed-points.js';
import { decodePointFile, manifestBytesMax, POINT_HEADER_BYTES, pointTwinsOf, type NamedManifest } from './point-file.js';

/** What point files are read and written with. */
export type PointFilePorts = Readonly<{ fs: StoreFs; fence: WriteFence; storeId: StoreId; nowMs: () => number }>;

/** A point's name. */
export type PointRef = Readonly<{ machineId: MachineId; pointId: RestorePointId }>;

/** A copy of a point file with what it says, or why it does not count. */
export type PointCopy = Readonly<{ path: string; bytes: Uint8Array | null; content: NamedManifest | Invalid }>;

/** The roots of restore points, each in two equal files in two directories. */
export class PointFiles {
  private readonly repairs = new SerialQueue();

  constructor(private readonly ports: PointFilePorts) {}

  /** Makes both files of a point durable, names included. Errors are the file system's. */
  async write(point: PointRef, bytes: Uint8Array): Promise<void> {
    const { path, twin } = pointTwinsOf(point);
    await onBoth(this.writeCopy(path, bytes), this.writeCopy(twin, bytes));
  }

  /** The manifest of a committed point, from whichever copy holds it; a damaged or missing copy is written again. @throws PointDamaged (POINT_DAMAGED). */
  async read(point: CommittedPoint): Promise<RestorePointManifest> {
    const { fs, storeId } = this.ports;
    const { path, twin } = pointTwinsOf(point);
    const first = await readPointCopy(fs, storeId, { path, point });
    if (!isInvalid(first.content)) return first.content.manifest;
    const second = await readPointCopy(fs, storeId, { path: twin, point });
    if (isInvalid(second.content)) throw new PointDamaged({ file: path, reason: first.content.invalid });
    await this.repairQuietly(point);
    return second.content.manifest;
  }

  /** Writes the copy of a point that is not what was committed, when the other is. What a damaged one held is kept in `quarantine/`. */
  async repair(point: CommittedPoint): Promise<void> {
    await this.repairs.run(async () => {
      const copies = await readPointCopies(this.ports.fs, this.ports.storeId, point);
      const intact = copies.find(({ content }) => !isInvalid(content))?.bytes;
      if (!intact) return;
      for (const { path, content } of copies) {
        if (!isInvalid(content)) continue;
        if (content.invalid !== pointFileMissing) await this.setAside(path);
        await this.writeCopy(path, intact);
      }
    });
  }

  /** Compares both copies of every point and repairs what one of them lost. */
  async verifyCopies(points: readonly CommittedPoint[], signal?: AbortSignal): Promise<TwinReport> {
    const report = { checked: 0, repaired: 0, damaged: 0 };
    for (const point of points) {
      signal?.throwIfAborted();
      const intact = (await readPointCopies(this.ports.fs, this.ports.storeId, point)).filter(({ content }) => !isInvalid(content)).length;
      report.checked += 1;
      if (intact === 0) report.damaged += 1;
      if (intact !== 1) continue;
      report.repaired += 1;
      await this.repairQuietly(point);
    }
    return report;
  }

  /** Makes the copies that do not exist, e.g. all second ones of a store of format 1.0. On a full disk the next start tries again. Cost: lists the directories. */
  async completeTwins(points: readonly CommittedPoint[]): Promise<void> {
    const names = new Map<string, ReadonlySet<string>>();
    for (const point of points) {
      for (const path of Object.values(pointTwinsOf(point))) {
        const directory = directoryOf(path);
        const listed = names.get(directory) ?? new Set((await this.ports.fs.exists(directory)) ? await this.ports.fs.readDir(directory) : []);
        names.set(directory, listed);
        if (!listed.has(path.slice(directory.length + 1))) await this.repairUnlessFull(point);
      }
    }
  }

  /** Moves both files to `trash/`, under the paths they had. Missing ones are passed over, so that it may run again. */
  async discard(point: PointRef): Promise<void> {
    const { fs } = this.ports;
    for (const path of Object.values(pointTwinsOf(point))) {
      if (!(await fs.exists(path))) continue;
      const target = `trash/${path}`;
      await makeDirectories(fs, directoryOf(target));
      await fs.rename(path, target);
      await syncDirectory(fs, directoryOf(target));
      await syncDirectory(fs, directoryOf(path));
    }
  }

  /** Reading must not fail because repairing did: the fence says what became of writing. */
  private async repairQuietly(point: CommittedPoint): Promise<void> {
    if (this.ports.fence.isDown) return;
    try {
      await this.ports.fence.guard('a repair of a restore point failed', () => this.repair(point));
    } catch (error) {
      if (!(error instanceof StoreFull || error instanceof StoreReadOnly)) throw error;
    }
  }

  private async repairUnlessFull(point: CommittedPoint): Promise<void> {
    try {
      await this.repair(point);
    } catch (error) {
      if (!isNoSpace(error)) throw error;
    }
  }

  private async writeCopy(path: string, bytes: Uint8Array): Promise<void> {
    await makeDirectories(this.ports.fs, directoryOf(path));
    await writeDurably(this.ports.fs, path, bytes);
  }

  private async setAside(path: string): Promise<void> {
    const { fs, nowMs } = this.ports;
    await fs.rename(path, `quarantine/${path.replaceAll('/', '-')}.${String(nowMs())}`);
    await syncDirectory(fs, 'quarantine');
    await syncDirectory(fs, directoryOf(path));
  }
}

/** What a copy that does not exist is called. */
export const pointFileMissing = 'the file is missing';

/** Both copies of a point as they are. Errors are those of the disk as a whole. */
export async function readPointCopies(fs: StoreFs, storeId: StoreId, point: CommittedPoint): Promise<readonly [PointCopy, PointCopy]> {
  const { path, twin } = pointTwinsOf(point);
  return [await readPointCopy(fs, storeId, { path, point }), await readPointCopy(fs, storeId, { path: twin, point })];
}

async function readPointCopy(fs: StoreFs, storeId: StoreId, { path, point }: Readonly<{ path: string; point: CommittedPoint }>): Promise<PointCopy> {
  const copy = await readCopy(fs, path, { bytesMax: manifestBytesMax + POINT_HEADER_BYTES, sync: false });
  return { path, bytes: copy instanceof Uint8Array ? copy : null, content: contentOf(copy, point, storeId) };
}

function contentOf(copy: FileCopy, point: CommittedPoint, storeId: StoreId): NamedManifest | Invalid {
  if (copy === null) return { invalid: pointFileMissing };
  if (isUnreadableCopy(copy)) return { invalid: 'the file cannot be read' };
  const decoded = decodePointFile(copy, { storeId, machineId: point.machineId, pointId: point.pointId });
  if (isInvalid(decoded)) return decoded;
  return decoded.manifestDigest === point.manifestDigest ? decoded : { invalid: 'not the manifest that was committed' };
}

/** Makes a directory and those above it; each new name is durable before anything is put into it. */
async function makeDirectories(fs: StoreFs, path: string): Promise<void> {
  if (path === '' || (await fs.exists(path))) return;
  await makeDirectories(fs, directoryOf(path));
  await fs.mkdir(path);
  await syncDirectory(fs, directoryOf(path));
}
