import type { BlockReader } from '@lifeboat/block-device';
import { readOrNull } from '../bytes/read-or-null.js';
import { type BtrfsSuperblock, checksumMatches, safe } from './btrfs-superblock.js';
import type { ChunkMap } from './chunk-map.js';

const HEADER_BYTES = 101;
const ITEM_BYTES = 25;
const POINTER_BYTES = 33;
const LEVEL_MAX = 7;

/** What trees are read from; `nodesLeft` ends a walk in which nodes repeat. */
export type TreeSource = { readonly volume: BlockReader; readonly sb: BtrfsSuperblock; readonly chunks: ChunkMap; nodesLeft: number };

/** An item of a leaf. */
export type TreeItem = Readonly<{ objectId: number; type: number; offset: number; bytes: Buffer }>;

/**
 * Calls `visit` for every item of a tree, in order; it may return a few words to say what is wrong with one, which ends the walk.
 * @returns null when the whole tree was read, else what is wrong.
 * @see btrfs.readthedocs.io, "On-disk format", "Tree node" and "Leaf".
 */
export async function walkTree(source: TreeSource, root: Readonly<{ address: number; level: number }>, visit: (item: TreeItem) => string | null): Promise<string | null> {
  const node = await readNode(source, root);
  if (node === null) return 'tree node damaged';
  const count = node.readUInt32LE(96);
  if (root.level === 0) return visitLeaf(node, count, visit);
  if (count < 1 || HEADER_BYTES + count * POINTER_BYTES > node.length) return 'tree node damaged';
  for (let at = 0; at < count; at += 1) {
    const problem = await walkTree(source, { address: safe(node, HEADER_BYTES + at * POINTER_BYTES + 17), level: root.level - 1 }, visit);
    if (problem !== null) return problem;
  }
  return null;
}

function visitLeaf(leaf: Buffer, count: number, visit: (item: TreeItem) => string | null): string | null {
  if (HEADER_BYTES + count * ITEM_BYTES > leaf.length) return 'tree leaf damaged';
  for (let at = 0; at < count; at += 1) {
    const item = HEADER_BYTES + at * ITEM_BYTES;
    const start = HEADER_BYTES + leaf.readUInt32LE(item + 17);
    const end = start + leaf.readUInt32LE(item + 21);
    if (end > leaf.length) return 'tree leaf damaged';
    const problem = visit({ objectId: safe(leaf, item), type: leaf.readUInt8(item + 8), offset: safe(leaf, item + 9), bytes: leaf.subarray(start, end) });
    if (problem !== null) return problem;
  }
  return null;
}

/** A node from whichever of its copies is intact. */
async function readNode(source: TreeSource, wanted: Readonly<{ address: number; level: number }>): Promise<Buffer | null> {
  const { sb, volume } = source;
  source.nodesLeft -= 1;
  const places = source.nodesLeft >= 0 && wanted.level <= LEVEL_MAX && Number.isFinite(wanted.address) ? source.chunks.placesOf(wanted.address, sb.nodeBytes) : null;
  // A node that crosses the border of a chunk would have parts instead of copies.
  for (const place of (places ?? []).filter((one) => one.lengthBytes === sb.nodeBytes)) {
    const node = await readOrNull(volume, place.offsetBytes, place.lengthBytes);
    if (node !== null && isIntact(node, sb, wanted)) return node;
  }
  return null;
}

function isIntact(node: Buffer, sb: BtrfsSuperblock, wanted: Readonly<{ address: number; level: number }>): boolean {
  const inPlace = safe(node, 48) === wanted.address && node.readUInt8(100) === wanted.level && node.subarray(32, 48).equals(sb.nodeFsid) && node.readBigUInt64LE(80) <= sb.generation;
  return inPlace && checksumMatches(node, sb.checksum);
}
