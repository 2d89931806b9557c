import { isLifeboatError, type Digest, type RestorePointManifest, type StoreId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { walkClosure } from '../commit/walk-closure.js';
import type { FilePaths } from '../damage/file-paths.js';
import type { FileNaming } from '../damage/name-files.js';
import { ChunkDamaged, ChunkMissing, PointMissing } from '../errors.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { SegmentReader } from '../pack/segment-reader.js';
import type { CommittedPoint } from '../point/committed-points.js';
import { pointDirectories, pointTwinsOf } from '../point/point-file.js';
import { pointFileMissing, readPointCopies } from '../point/point-files.js';
import type { LedgerContent } from './check-ledger.js';
import type { CheckedPacks } from './check-packs.js';
import { DamageList, type DamagedVolume } from './damage-list.js';
import type { DigestTable } from './digest-table.js';
import type { PageCopies } from './page-copies.js';
import type { FsckFindings, FsckProgress } from './fsck-report.js';

/** What the points are checked with. */
export type PointCheck = Readonly<{
  fs: StoreFs; storeId: StoreId; mirrored: boolean; ledger: LedgerContent; table: DigestTable; packs: CheckedPacks; reader: SegmentReader; pageCopies: PageCopies; findings: FsckFindings;
  onProgress?: ((progress: FsckProgress) => void) | undefined; signal?: AbortSignal | undefined;
}>;

/** How a check reads the volumes in which it found damage, to name the files there. */
export function fileNamingOf(check: PointCheck, filePaths: FilePaths): FileNaming {
  const read = (digest: Digest): Promise<Uint8Array> => readPage(check, digest);
  return {
    filePaths, source: { readPage: read, readChunk: read },
    readManifest: async ({ machineId, pointId }) => {
      const point = check.ledger.points.find(machineId, pointId);
      const intact = point && (await readPointCopies(check.fs, check.storeId, point)).map(({ content }) => content).find((content) => !isInvalid(content));
      if (!intact || isInvalid(intact)) throw new PointMissing({ machineId, pointId });
      return intact.manifest;
    },
  };
}

/** Checks every committed point: its file, the pages of its maps, and that each chunk they name is there and not known to be damaged. */
export async function checkPoints(check: PointCheck): Promise<DamageList> {
  const damage = new DamageList();
  const points = check.ledger.points.all();
  for (const [index, point] of points.entries()) {
    check.signal?.throwIfAborted();
    const computerName = check.ledger.names.get(point.machineId) ?? null;
    const manifest = await readPoint(check, point);
    if (typeof manifest === 'string') damage.addPoint({ point, computerName, detail: manifest });
    else await checkVolumes(check, manifest, damage);
    check.onProgress?.({ phase: 'points', done: index + 1, total: points.length });
  }
  await reportUncommitted(check);
  return damage;
}

/** The manifest, or what is wrong with both of the point's files. */
async function readPoint({ fs, storeId, findings, mirrored }: PointCheck, point: CommittedPoint): Promise<RestorePointManifest | string> {
  const copies = await readPointCopies(fs, storeId, point);
  const intact = copies.map(({ content }) => content).find((content) => !isInvalid(content));
  for (const [index, { path, content }] of copies.entries()) {
    if (!isInvalid(content) || (index > 0 && content.invalid === pointFileMissing && !mirrored)) continue;
    const code = content.invalid === pointFileMissing ? 'POINT_FILE_MISSING' : 'POINT_FILE_DAMAGED';
    const detail = intact ? `${content.invalid}; the other copy serves` : content.invalid;
    findings.add('damage', code, { path, lengthBytes: (await fs.stat(path))?.sizeBytes ?? 0, detail });
  }
  if (intact && !isInvalid(intact)) return intact.manifest;
  const [first] = copies;
  return isInvalid(first.content) ? first.content.invalid : 'point file';
}

async function checkVolumes(check: PointCheck, manifest: RestorePointManifest, damage: DamageList): Promise<void> {
  for (const disk of manifest.disks) {
    for (const volume of disk.volumes) await checkVolume(check, { manifest, diskId: disk.facts.diskId, volume }, damage);
  }
}

async function checkVolume(check: PointCheck, at: DamagedVolume, damage: DamageList): Promise<void> {
  const { table } = check;
  // Damage counted when each page on the way down was entered: a page below which none was added need not be walked again.
  const before: number[] = [];
  await walkClosure({ digest: at.volume.mapRoot, lengthBytes: at.volume.lengthBytes }, {
    getPage: (digest) => readPage(check, digest),
    enter: (digest) => {
      const slot = table.find(digest);
      if (slot >= 0 && table.has(slot, 'clean')) return false;
      if (slot >= 0) table.set(slot, 'referenced');
      before.push(damage.count);
      return true;
    },
    leave: (digest) => {
      const slot = table.find(digest);
      if (before.pop() === damage.count && slot >= 0) table.set(slot, 'clean');
    },
    onLostPage: ({ digest, offsetBytes, lengthBytes, error }) => {
      before.pop();
      damage.addRange(at, { offsetBytes, lengthBytes, structure: 'page', digest, detail: describe(error) });
    },
    onChunk: ({ digest, offsetBytes, lengthBytes }) => {
      const slot = table.find(digest);
      if (slot >= 0) table.set(slot, 'referenced');
      const detail = slot < 0 ? 'missing' : table.has(slot, 'damaged') ? placeOf(check, slot) : table.place(slot).lengthBytes === lengthBytes ? undefined : 'length';
      if (detail !== undefined) damage.addRange(at, { offsetBytes, lengthBytes, structure: 'chunk', digest, detail });
    },
  }, check.signal);
}

async function readPage(check: PointCheck, digest: Digest): Promise<Uint8Array> {
  const { table, packs, reader } = check;
  const slot = table.find(digest);
  const { packNumber, ...place } = slot < 0 ? { packNumber: -1, recordOffset: 0, entry: 0, lengthBytes: 0 } : table.place(slot);
  const packId = packs.packs[packNumber];
  if (packId === undefined) throw new ChunkMissing(digest);
  try {
    return await reader.read(digest, { packId, ...place });
  } catch (error) {
    return readOtherCopy(check, digest, error);
  }
}

/** Pages are kept in two packs; a page is lost when no copy can be read. */
async function readOtherCopy({ pageCopies, reader }: PointCheck, digest: Digest, error: unknown): Promise<Uint8Array> {
  if (!(error instanceof ChunkDamaged)) throw error;
  for (const place of await pageCopies.find(digest)) {
    try {
      return await reader.read(digest, place);
    } catch (next) {
      if (!(next instanceof ChunkDamaged)) throw next;
    }
  }
  throw error;
}

function placeOf({ table, packs }: PointCheck, slot: number): string {
  const { packNumber, recordOffset } = table.place(slot);
  return `damaged in pack ${packs.packs[packNumber] ?? ''} at ${String(recordOffset)}`;
}

function describe(error: unknown): string {
  if (!isLifeboatError(error)) throw error;
  const { packId, offsetBytes, reason } = error.details;
  return packId === undefined ? error.code : `damaged in pack ${String(packId)} at ${String(offsetBytes)}: ${String(reason)}`;
}

/** Point files that the ledger does not know: commits that a crash stopped before their record. */
async function reportUncommitted({ fs, ledger, findings }: PointCheck): Promise<void> {
  const known = new Set(ledger.points.all().flatMap((point) => Object.values(pointTwinsOf(point))));
  for (const root of pointDirectories) {
    for (const machineId of (await fs.exists(root)) ? await fs.readDir(root) : []) {
      const directory = `${root}/${machineId}`;
      if ((await fs.stat(directory))?.kind !== 'directory') {
        findings.add('info', 'FILE_UNKNOWN', { path: directory, detail: 'not a file of the store' });
        continue;
      }
      for (const name of await fs.readDir(directory)) {
        const path = `${directory}/${name}`;
        if (known.has(path)) continue;
        if (name.endsWith('.point')) findings.add('info', 'POINT_NOT_COMMITTED', { path, detail: 'the commit of this point was never completed, or the point was purged' });
        else findings.add('info', 'FILE_UNKNOWN', { path, detail: 'left by an interrupted write, or not a file of the store' });
      }
    }
  }
}
