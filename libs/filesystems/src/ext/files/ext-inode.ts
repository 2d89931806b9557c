import type { MappedFile } from '../../files/mapped-file.js';

const FLAG = { encrypted: 0x800, extents: 0x8_0000, inlineData: 0x1000_0000 } as const;
const TYPE = { mask: 0xf000, directory: 0x4000, file: 0x8000, symlink: 0xa000 } as const;
/** Bytes of the inode that hold the map of the file, or its contents. */
const MAP_OFFSET = 0x28;
export const MAP_BYTES = 60;

/** What an inode says of its file's blocks. */
export type ExtInode = Readonly<{
  number: number;
  record: Buffer;
  kind: MappedFile['kind'];
  sizeBytes: number;
  linkCount: number;
  /** Root of the extent tree, 15 block addresses, or contents. */
  map: Buffer;
  mapKind: 'extent-tree' | 'block-pointers' | 'inline' | 'none';
  /** Block that holds extended attributes; 0 when there is none. */
  attributeBlock: number;
}>;

/**
 * Reads an inode.
 * @param record its bytes, 128 at least.
 * @returns null when the inode is not in use.
 * @see docs.kernel.org/filesystems/ext4, "Index Nodes"; linux/fs/ext4/inode.c, `ext4_inode_is_fast_symlink`.
 */
export function parseExtInode(number: number, record: Buffer): ExtInode | null {
  const mode = record.readUInt16LE(0);
  const linkCount = record.readUInt16LE(0x1a);
  // An orphan has no link but is in use until it is freed, which writes the time of deletion; an inode of the filesystem itself may have no mode.
  const map = record.subarray(MAP_OFFSET, MAP_OFFSET + MAP_BYTES);
  if (linkCount === 0 && (mode === 0 || record.readUInt32LE(0x14) !== 0)) return null;
  const flags = record.readUInt32LE(0x20);
  const kind = kindOf(mode);
  const sizeBytes = record.readUInt32LE(4) + record.readUInt32LE(0x6c) * 2 ** 32;
  const attributeBlock = record.readUInt32LE(0x68) + record.readUInt16LE(0x76) * 2 ** 32;
  return { number, record, kind, sizeBytes, linkCount, map, mapKind: mapKindOf(kind, flags, sizeBytes), attributeBlock };
}

function kindOf(mode: number): ExtInode['kind'] {
  const type = mode & TYPE.mask;
  if (type === TYPE.directory) return 'directory';
  if (type === TYPE.symlink) return 'symlink';
  // The inodes of the filesystem itself, e.g. of the journal, may be without a type.
  return type === TYPE.file || type === 0 ? 'file' : 'other';
}

function mapKindOf(kind: ExtInode['kind'], flags: number, sizeBytes: number): ExtInode['mapKind'] {
  if (kind === 'other') return 'none';
  if (flags & FLAG.inlineData) return 'inline';
  if (flags & FLAG.extents) return 'extent-tree';
  return kind === 'symlink' && sizeBytes < MAP_BYTES ? 'none' : 'block-pointers';
}
