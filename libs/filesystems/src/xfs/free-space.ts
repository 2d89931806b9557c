import type { BlockReader } from '@lifeboat/block-device';
import { readOrNull } from '../bytes/read-or-null.js';
import { type XfsSuperblock, checksumMatches } from './xfs-superblock.js';

const NO_BLOCK = 0xffff_ffff;
const RECORD_BYTES = 8;
const KEY_BYTES = 8;
const POINTER_BYTES = 4;
const LEVELS_MAX = 9;
const GROUP_CHECKSUM_OFFSET = 216;
const BLOCK_CHECKSUM_OFFSET = 52;

/** The header of an allocation group's free space. */
type FreeSpaceHeader = Readonly<{ blocks: number; root: number; levels: number; freeBlocks: number }>;

/** What the free space of one group is read from. */
export type GroupSource = Readonly<{ volume: BlockReader; sb: XfsSuperblock; group: number }>;

/**
 * Calls `visit(first, count)` for every free run of an allocation group, in order, from its btree by block number.
 *
 * @returns null when the btree agrees with the group's own count of free blocks, else a few words saying what is wrong: then the runs visited must not
 *   be believed. Never throws for bad bytes.
 * @see kernel.org, "XFS Algorithms & Data Structures", "AG Free Space Management" and "Variable Length Record B+trees". Cost: reads the btree once.
 */
export async function forEachFreeRun(source: GroupSource, visit: (first: number, count: number) => void): Promise<string | null> {
  const header = await readHeader(source);
  if (typeof header === 'string') return header;
  let address = header.root;
  for (let level = header.levels - 1; level > 0; level -= 1) {
    const node = await readNode(source, { header, address, level });
    if (node === null || node.records < 1 || node.records > node.pointersMax) return 'free space btree damaged';
    address = node.bytes.readUInt32BE(node.headerBytes + node.pointersMax * KEY_BYTES);
  }
  let freeBlocks = 0;
  let end = 0;
  // Leaves are blocks of the group, each once, so that a cycle of them ends.
  for (let leaves = 0; address !== NO_BLOCK; leaves += 1) {
    const leaf = leaves < header.blocks ? await readNode(source, { header, address, level: 0 }) : null;
    if (leaf === null || leaf.records > leaf.recordsMax) return 'free space btree damaged';
    for (let record = 0; record < leaf.records; record += 1) {
      const at = leaf.headerBytes + record * RECORD_BYTES;
      const [first, count] = [leaf.bytes.readUInt32BE(at), leaf.bytes.readUInt32BE(at + 4)];
      // Neighbours would be one record; block 0 holds the headers.
      if (first <= end || count < 1 || first + count > header.blocks) return 'free space btree damaged';
      visit(first, count);
      freeBlocks += count;
      end = first + count;
    }
    address = leaf.bytes.readUInt32BE(12);
  }
  return freeBlocks === header.freeBlocks ? null : 'free space btree contradicts the free count';
}

async function readHeader({ volume, sb, group }: GroupSource): Promise<FreeSpaceHeader | string> {
  const raw = await readOrNull(volume, group * sb.groupBlocks * sb.blockBytes + sb.sectorBytes, sb.sectorBytes);
  if (raw === null) return 'group header unreadable';
  if (raw.toString('latin1', 0, 4) !== 'XAGF' || raw.readUInt32BE(8) !== group) return 'group header damaged';
  if (sb.version === 5 && !checksumMatches(raw, GROUP_CHECKSUM_OFFSET)) return 'checksum of the group header wrong';
  const blocks = Math.min(sb.groupBlocks, sb.blockCount - group * sb.groupBlocks);
  const header = { blocks, root: raw.readUInt32BE(16), levels: raw.readUInt32BE(28), freeBlocks: raw.readUInt32BE(52) };
  return raw.readUInt32BE(12) === blocks && header.levels >= 1 && header.levels <= LEVELS_MAX ? header : 'group header damaged';
}

type Node = Readonly<{ bytes: Buffer; headerBytes: number; records: number; recordsMax: number; pointersMax: number }>;

async function readNode({ volume, sb, group }: GroupSource, wanted: Readonly<{ header: FreeSpaceHeader; address: number; level: number }>): Promise<Node | null> {
  if (wanted.address >= wanted.header.blocks) return null;
  const bytes = await readOrNull(volume, (group * sb.groupBlocks + wanted.address) * sb.blockBytes, sb.blockBytes);
  const [magic, headerBytes] = sb.version === 5 ? ['AB3B', 56] : ['ABTB', 16];
  if (bytes?.toString('latin1', 0, 4) !== magic || bytes.readUInt16BE(4) !== wanted.level) return null;
  // The owner tells blocks of different groups apart when one was copied over the other.
  if (sb.version === 5 && (!checksumMatches(bytes, BLOCK_CHECKSUM_OFFSET) || bytes.readUInt32BE(48) !== group)) return null;
  const room = sb.blockBytes - headerBytes;
  return { bytes, headerBytes, records: bytes.readUInt16BE(6), recordsMax: Math.floor(room / RECORD_BYTES), pointersMax: Math.floor(room / (KEY_BYTES + POINTER_BYTES)) };
}
