import type { ExtInode } from './ext-inode.js';
import { type MapSource, mapExtInode } from './map-ext-inode.js';

const INLINE_ATTRIBUTES_MAGIC = 0xea02_0000;
const SYSTEM_ATTRIBUTE = 7;
const ENTRY_BYTES_MIN = 8;
const DIRECTORY = 2;
/** Inodes shorter than this have no room for attributes. */
const OLD_INODE_BYTES = 128;

/** A name in a directory. */
export type ExtName = Readonly<{ inode: number; name: string; maybeDirectory: boolean }>;

/**
 * The names in a directory, without `.` and `..`, a block's worth at a time. The blocks of its index look like blocks without entries.
 * @see docs.kernel.org/filesystems/ext4, "Directory Entries" and "Inline Data".
 */
export async function* readExtDirectory(source: MapSource, directory: ExtInode): AsyncGenerator<ExtName[]> {
  if (directory.mapKind === 'inline') {
    // The inode of the parent stands where `.` and `..` would be.
    yield namesIn(directory.map.subarray(4));
    yield namesIn(inlineAttribute(directory.record));
    return;
  }
  const { blockBytes } = source.sb;
  for await (const { extents } of mapExtInode(source, directory)) {
    for (const extent of extents) {
      for (let done = 0; done < extent.lengthBytes && extent.fileOffsetBytes + done < directory.sizeBytes; done += blockBytes) {
        if (source.blocksLeft <= 0) return;
        source.blocksLeft -= 1;
        const block = await source.cache.read(extent.offsetBytes + done, blockBytes);
        if (block !== null) yield namesIn(block);
      }
    }
  }
}

function namesIn(block: Buffer): ExtName[] {
  const names: ExtName[] = [];
  let at = 0;
  while (at + ENTRY_BYTES_MIN <= block.length) {
    const inode = block.readUInt32LE(at);
    const stored = block.readUInt16LE(at + 4);
    // A whole block of 64 KiB does not fit in 16 bits.
    const length = stored === 0 || stored === 0xffff ? block.length - at : stored;
    const nameLength = block.readUInt8(at + 6);
    if (length < ENTRY_BYTES_MIN || length % 4 !== 0 || at + length > block.length || nameLength + ENTRY_BYTES_MIN > length) return names;
    // Without the `filetype` feature the byte is the high half of the name's length, 0.
    const type = block.readUInt8(at + 7);
    const name = block.toString('utf8', at + ENTRY_BYTES_MIN, at + ENTRY_BYTES_MIN + nameLength).replace(/[\0/]/g, '\ufffd');
    if (inode !== 0 && nameLength > 0 && name !== '.' && name !== '..') names.push({ inode, name, maybeDirectory: type === DIRECTORY || type === 0 });
    at += length;
  }
  return names;
}

/** The rest of inline data that does not fit in the map: the value of the attribute `system.data` inside the inode. */
function inlineAttribute(record: Buffer): Buffer {
  const nothing = record.subarray(0, 0);
  if (record.length <= OLD_INODE_BYTES + 4) return nothing;
  const header = OLD_INODE_BYTES + record.readUInt16LE(OLD_INODE_BYTES);
  if (header + 4 > record.length || record.readUInt32LE(header) !== INLINE_ATTRIBUTES_MAGIC) return nothing;
  const first = header + 4;
  for (let at = first; at + 16 <= record.length; ) {
    const nameLength = record.readUInt8(at);
    if (record.readUInt32LE(at) === 0) return nothing;
    if (record.readUInt8(at + 1) === SYSTEM_ATTRIBUTE && record.toString('latin1', at + 16, at + 16 + nameLength) === 'data') {
      const start = first + record.readUInt16LE(at + 2);
      const end = start + record.readUInt32LE(at + 8);
      return end <= record.length ? record.subarray(start, end) : nothing;
    }
    at += 16 + Math.ceil(nameLength / 4) * 4;
  }
  return nothing;
}
