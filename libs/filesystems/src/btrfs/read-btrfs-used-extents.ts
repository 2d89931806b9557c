import type { BlockReader } from '@lifeboat/block-device';
import { type Extent, clipExtents, mergeExtents } from '@lifeboat/model';
import { UsedRuns } from '../allocation/used-runs.js';
import { wholeVolume } from '../opaque/whole-volume.js';
import type { FilesystemIdentity, UncleanReason, UsedExtents } from '../used-extents.js';
import { BTRFS_SUPERBLOCK_BYTES, type BtrfsSuperblock, parseBtrfsSuperblock, safe } from './btrfs-superblock.js';
import { ChunkMap, parseChunk } from './chunk-map.js';
import { type TreeSource, walkTree } from './walk-tree.js';

const ITEM = { root: 132, extent: 168, metadata: 169, chunk: 228 } as const;
const EXTENT_TREE = 2;
const ROOT_ITEM_BYTES_MIN = 239;
/** The first MiB is never given to a chunk; the superblock has copies at 64 MiB and 256 GiB. */
const RESERVED_BYTES = 1024 * 1024;
const MIRRORS = [64 * 1024 * 1024, 256 * 1024 ** 3] as const;

/**
 * Lists the bytes a btrfs volume on one device uses: every extent of the extent tree, in each of its copies. The extents must add up to the number of
 * used bytes in the superblock, else the volume is kept whole, as is one of several devices and one with a log tree to replay.
 *
 * @param volume opened read-only and at rest.
 * @param raw the superblock, 4096 bytes from 64 KiB on.
 * @throws only what `volume.readFully` throws, except UNREADABLE_SECTORS.
 * @see btrfs.readthedocs.io, "On-disk format". Cost: reads the chunk tree and the extent tree.
 */
export async function readBtrfsUsedExtents(volume: BlockReader, raw: Buffer, identity: FilesystemIdentity): Promise<UsedExtents> {
  const whole = (code: string, message: string, uncleanReason: UncleanReason | null = null): UsedExtents =>
    wholeVolume(volume, identity, { uncleanReason, warnings: [{ code, message: `${message}: every non-zero block is kept` }] });
  const sb = parseBtrfsSuperblock(raw, volume.sizeBytes);
  if ('problem' in sb) return whole(sb.code, `the superblock cannot be used (${sb.problem})`);
  const uncleanReason: UncleanReason | null = sb.hasErrors ? { code: 'FS_HAS_ERRORS', message: 'the kernel found errors in the filesystem; it needs btrfs check' } : null;
  if (sb.deviceCount !== 1) return whole('FS_MULTI_DEVICE', `the filesystem spans ${String(sb.deviceCount)} devices; back up all of them together`, uncleanReason);
  if (sb.hasLogTree) return whole('FS_LOG_TREE', 'the log tree must be replayed first', { code: 'FS_NEEDS_RECOVERY', message: 'the log tree must be replayed first: the computer stopped while the filesystem was mounted' });
  const runs = new UsedRuns();
  const source = await openChunks(volume, sb);
  const problem = typeof source === 'string' ? source : await readExtents(source, runs);
  if (typeof source === 'string' || problem !== null) return whole('FS_MAP_DAMAGED', `the trees of the filesystem make no sense (${problem ?? ''})`, uncleanReason);
  const fixed: Extent[] = [{ offsetBytes: 0, lengthBytes: RESERVED_BYTES }, { offsetBytes: sb.deviceBytes, lengthBytes: volume.sizeBytes - sb.deviceBytes }];
  for (const mirror of MIRRORS) fixed.push({ offsetBytes: mirror, lengthBytes: BTRFS_SUPERBLOCK_BYTES });
  const placed = runs.toExtents(sb.sectorBytes).flatMap((run) => source.chunks.placesInside(run.offsetBytes, run.lengthBytes));
  return {
    ...identity,
    blockSizeBytes: sb.sectorBytes,
    used: clipExtents(mergeExtents([...fixed, ...placed]), volume.sizeBytes),
    clean: uncleanReason === null,
    uncleanReason,
    overReportedBytes: runs.bridgedBlocks * sb.sectorBytes,
    warnings: runs.bridgedBlocks > 0 ? [{ code: 'FS_MAP_COARSENED', message: 'the free space is so scattered that short gaps are kept as if they were used' }] : [],
    mode: 'bitmap',
  };
}

/** Reads the chunk tree, with the few chunks that the superblock names itself. */
async function openChunks(volume: BlockReader, sb: BtrfsSuperblock): Promise<TreeSource | string> {
  const first = ChunkMap.fromSuperblock(sb);
  if (typeof first === 'string') return first;
  const nodesLeft = Math.ceil(volume.sizeBytes / sb.nodeBytes);
  const chunks = new ChunkMap();
  const bootstrap: TreeSource = { volume, sb, chunks: first, nodesLeft };
  const problem = await walkTree(bootstrap, { address: sb.chunkRoot, level: sb.chunkRootLevel }, (item) => {
    if (item.type !== ITEM.chunk) return null;
    const chunk = parseChunk(item.bytes, item.offset, sb);
    return typeof chunk === 'string' ? chunk : chunks.add(chunk);
  });
  return problem ?? { volume, sb, chunks, nodesLeft: bootstrap.nodesLeft };
}

/** Adds all extents, in sectors, to `runs`, which are in the order of logical addresses. */
async function readExtents(source: TreeSource, runs: UsedRuns): Promise<string | null> {
  const { sb, chunks } = source;
  const roots: { address: number; level: number }[] = [];
  const rootProblem = await walkTree(source, { address: sb.root, level: sb.rootLevel }, ({ type, objectId, bytes }) => {
    if (type === ITEM.root && objectId === EXTENT_TREE && bytes.length >= ROOT_ITEM_BYTES_MIN) roots.push({ address: safe(bytes, 176), level: bytes.readUInt8(238) });
    return null;
  });
  const [extentRoot] = roots;
  if (rootProblem !== null || !extentRoot) return rootProblem ?? 'no extent tree';
  let end = 0;
  let total = 0;
  const problem = await walkTree(source, extentRoot, ({ type, objectId, offset }) => {
    if (type !== ITEM.extent && type !== ITEM.metadata) return null;
    const lengthBytes = type === ITEM.metadata ? sb.nodeBytes : offset;
    const sane = objectId >= end && objectId % sb.sectorBytes === 0 && lengthBytes > 0 && lengthBytes % sb.sectorBytes === 0 && Number.isSafeInteger(objectId + lengthBytes);
    if (!sane || chunks.placesOf(objectId, lengthBytes) === null) return 'extents overlap or lie in no chunk';
    runs.add(objectId / sb.sectorBytes, lengthBytes / sb.sectorBytes);
    end = objectId + lengthBytes;
    total += lengthBytes;
    return null;
  });
  return problem ?? (total === sb.bytesUsed ? null : 'extents do not add up to the bytes in use');
}
