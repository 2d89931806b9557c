import type { Extent } from '@lifeboat/model';
import type { WindowCache } from '../../bytes/window-cache.js';
import type { FileExtent } from '../../files/mapped-file.js';
import type { ExtSuperblock } from '../ext-superblock.js';
import type { ExtInode } from './ext-inode.js';

const TREE_MAGIC = 0xf30a;
const TREE_NODE_BYTES = 12;
const TREE_DEPTH_MAX = 5;
/** Longer runs are reserved and not yet written; their length is what exceeds this. */
const WRITTEN_BLOCKS_MAX = 32_768;
const DIRECT_BLOCKS = 12;
/** A file has no more blocks than 32 bits can number. */
const FILE_BLOCKS_MAX = 2 ** 32;

/** A part of a file's map, by ascending file offset. */
export type MapPiece = Readonly<{ extents: readonly FileExtent[]; metadata: readonly Extent[]; damaged: boolean }>;

/** Where maps are read from, and how many more blocks may be read for them: each belongs to one file, so that cycles and repetitions end. */
export type MapSource = { readonly sb: ExtSuperblock; readonly cache: WindowCache; blocksLeft: number };

const DAMAGED: MapPiece = { extents: [], metadata: [], damaged: true };

/**
 * The extents of an inode, from its extent tree or its block pointers, a node of the map at a time.
 * @see docs.kernel.org/filesystems/ext4, "The Contents of inode.i_block".
 */
export async function* mapExtInode(source: MapSource, inode: ExtInode): AsyncGenerator<MapPiece> {
  const { sb } = source;
  if (inode.attributeBlock > 0) {
    yield inode.attributeBlock < sb.blockCount ? { extents: [], metadata: [extentOf(sb, inode.attributeBlock, 1)], damaged: false } : DAMAGED;
  }
  if (inode.mapKind === 'extent-tree') yield* walkTree(source, inode.map, { depth: null, first: 0, end: FILE_BLOCKS_MAX });
  if (inode.mapKind === 'block-pointers') yield* walkPointers(source, inode.map);
}

/** Blocks of the file that a node may speak of; as ranges of siblings do not overlap and depths fall, the walk ends. */
type NodeScope = Readonly<{ depth: number | null; first: number; end: number }>;

async function* walkTree(source: MapSource, node: Buffer, scope: NodeScope): AsyncGenerator<MapPiece> {
  const [magic, entries, depth] = [node.readUInt16LE(0), node.readUInt16LE(2), node.readUInt16LE(6)];
  const sane = magic === TREE_MAGIC && entries <= Math.floor(node.length / TREE_NODE_BYTES) - 1 && depth <= TREE_DEPTH_MAX && (scope.depth === null || depth === scope.depth);
  if (!sane) {
    yield DAMAGED;
    return;
  }
  if (depth === 0) {
    yield leafExtents(source.sb, node, scope);
    return;
  }
  for (let entry = 1; entry <= entries; entry += 1) {
    const at = entry * TREE_NODE_BYTES;
    const first = node.readUInt32LE(at);
    const end = entry < entries ? node.readUInt32LE(at + TREE_NODE_BYTES) : scope.end;
    const child = node.readUInt32LE(at + 4) + node.readUInt16LE(at + 8) * 2 ** 32;
    const block = first >= scope.first && first < end && end <= scope.end ? await readMapBlock(source, child) : null;
    if (block === null) {
      yield DAMAGED;
      continue;
    }
    yield { extents: [], metadata: [extentOf(source.sb, child, 1)], damaged: false };
    yield* walkTree(source, block, { depth: depth - 1, first, end });
  }
}

function leafExtents(sb: ExtSuperblock, node: Buffer, scope: NodeScope): MapPiece {
  const extents: FileExtent[] = [];
  let damaged = false;
  let next = scope.first;
  for (let entry = 1; entry <= node.readUInt16LE(2); entry += 1) {
    const at = entry * TREE_NODE_BYTES;
    const [fileBlock, length] = [node.readUInt32LE(at), node.readUInt16LE(at + 4)];
    const written = length <= WRITTEN_BLOCKS_MAX;
    const count = written ? length : length - WRITTEN_BLOCKS_MAX;
    const start = node.readUInt32LE(at + 8) + node.readUInt16LE(at + 6) * 2 ** 32;
    const sane = count > 0 && fileBlock >= next && fileBlock + count <= scope.end && start >= sb.firstDataBlock && start + count <= sb.blockCount;
    if (sane) {
      extents.push({ ...extentOf(sb, start, count), fileOffsetBytes: fileBlock * sb.blockBytes, written });
      next = fileBlock + count;
    } else {
      damaged = true;
    }
  }
  return { extents, metadata: [], damaged };
}

/** Twelve direct addresses, then blocks full of addresses, one, two and three levels deep. */
async function* walkPointers(source: MapSource, map: Buffer): AsyncGenerator<MapPiece> {
  yield pointedExtents(source.sb, map.subarray(0, DIRECT_BLOCKS * 4), 0);
  const perBlock = source.sb.blockBytes / 4;
  let fileBlock = DIRECT_BLOCKS;
  for (let level = 1; level <= 3; level += 1) {
    const pointer = map.readUInt32LE((DIRECT_BLOCKS + level - 1) * 4);
    if (pointer !== 0) yield* walkIndirect(source, { pointer, level, fileBlock });
    fileBlock += perBlock ** level;
  }
}

async function* walkIndirect(source: MapSource, at: Readonly<{ pointer: number; level: number; fileBlock: number }>): AsyncGenerator<MapPiece> {
  const block = await readMapBlock(source, at.pointer);
  if (block === null) {
    yield DAMAGED;
    return;
  }
  yield { extents: [], metadata: [extentOf(source.sb, at.pointer, 1)], damaged: false };
  if (at.level === 1) {
    yield pointedExtents(source.sb, block, at.fileBlock);
    return;
  }
  const perChild = (source.sb.blockBytes / 4) ** (at.level - 1);
  for (let index = 0; index < block.length / 4; index += 1) {
    const pointer = block.readUInt32LE(index * 4);
    if (pointer !== 0) yield* walkIndirect(source, { pointer, level: at.level - 1, fileBlock: at.fileBlock + index * perChild });
  }
}

function pointedExtents(sb: ExtSuperblock, pointers: Buffer, firstFileBlock: number): MapPiece {
  const extents: FileExtent[] = [];
  let damaged = false;
  let run = { start: 0, count: 0, fileBlock: 0 };
  const flush = (): void => {
    if (run.count > 0) extents.push({ ...extentOf(sb, run.start, run.count), fileOffsetBytes: run.fileBlock * sb.blockBytes, written: true });
  };
  for (let index = 0; index < pointers.length / 4; index += 1) {
    const start = pointers.readUInt32LE(index * 4);
    if (start === 0) continue;
    const fileBlock = firstFileBlock + index;
    if (start >= sb.blockCount) damaged = true;
    else if (run.count > 0 && start === run.start + run.count && fileBlock === run.fileBlock + run.count) run.count += 1;
    else {
      flush();
      run = { start, count: 1, fileBlock };
    }
  }
  flush();
  return { extents, metadata: [], damaged };
}

async function readMapBlock(source: MapSource, block: number): Promise<Buffer | null> {
  const { sb, cache } = source;
  if (source.blocksLeft <= 0 || block <= 0 || block >= sb.blockCount) return null;
  source.blocksLeft -= 1;
  return cache.read(block * sb.blockBytes, sb.blockBytes);
}

const extentOf = (sb: ExtSuperblock, start: number, count: number): Extent => ({ offsetBytes: start * sb.blockBytes, lengthBytes: count * sb.blockBytes });
