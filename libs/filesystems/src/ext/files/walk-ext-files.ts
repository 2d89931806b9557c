import type { Extent } from '@lifeboat/model';
import type { WindowCache } from '../../bytes/window-cache.js';
import { appendExtent } from '../../files/append-extent.js';
import { InodeSet } from '../../files/inode-set.js';
import { EXTENTS_PER_PIECE, type FileExtent, type MappedFile } from '../../files/mapped-file.js';
import type { ExtSuperblock } from '../ext-superblock.js';
import { readExtDirectory } from './ext-directory.js';
import { type ExtInode, parseExtInode } from './ext-inode.js';
import { ExtInodeTable } from './ext-inode-table.js';
import { type MapSource, mapExtInode } from './map-ext-inode.js';

const ROOT_INODE = 2;
/** Names of the inodes that the filesystem keeps for itself. @see docs.kernel.org/filesystems/ext4, "Special inodes". */
const RESERVED_NAMES: ReadonlyMap<number, string> = new Map([
  [1, '<bad blocks>'], [3, '<user quota>'], [4, '<group quota>'], [7, '<resize>'], [8, '<journal>'],
]);
const RESIZE_INODE = 7;
/** Directories waiting to be read; more are listed without their paths. */
const WAITING_MAX = 500_000;
const DEPTH_MAX = 4096;

/** A directory on the way down; the path is put together only when it is needed. */
type Place = Readonly<{ inode: number; name: string; parent: Place | null; depth: number }>;

/** All files of a volume: first what the directories name, then what only the inode tables know. Never throws for bad bytes. */
export async function* walkExtFiles(sb: ExtSuperblock, cache: WindowCache): AsyncGenerator<MappedFile> {
  const source: MapSource = { sb, cache, blocksLeft: 3 * sb.blockCount };
  const inodes = new ExtInodeTable(sb, cache);
  const seen = new InodeSet();
  const waiting: Place[] = [];
  const visit = async function* (place: Place): AsyncGenerator<MappedFile> {
    if (place.inode > inodes.inodeCount || !seen.add(place.inode)) return;
    const record = await inodes.read(place.inode);
    const inode = record === null ? null : parseExtInode(place.inode, Buffer.from(record));
    if (inode === null) return;
    yield* mappedPieces(source, inode, pathOf(place));
    if (inode.kind === 'directory' && place.depth < DEPTH_MAX && waiting.length < WAITING_MAX) waiting.push(place);
  };

  yield* visit({ inode: ROOT_INODE, name: '', parent: null, depth: 0 });
  for (let directory = waiting.pop(); directory; directory = waiting.pop()) {
    const record = await inodes.read(directory.inode);
    const inode = record === null ? null : parseExtInode(directory.inode, Buffer.from(record));
    if (inode === null) continue;
    for await (const names of readExtDirectory(source, inode)) {
      for (const { inode: child, name } of names) yield* visit({ inode: child, name, parent: directory, depth: directory.depth + 1 });
    }
  }
  yield* namelessFiles(source, inodes, seen);
}

async function* namelessFiles(source: MapSource, inodes: ExtInodeTable, seen: InodeSet): AsyncGenerator<MappedFile> {
  for (let group = 0; group < source.sb.groupCount; group += 1) {
    const { first, end } = await inodes.writtenIn(group);
    for (let number = first; number < end; number += 1) {
      if (seen.has(number)) continue;
      const record = await inodes.read(number);
      const inode = record === null ? null : parseExtInode(number, Buffer.from(record));
      if (inode !== null) yield* mappedPieces(source, inode, RESERVED_NAMES.get(number) ?? `<inode ${String(number)}>`);
    }
  }
}

/** The map of one inode, in as many pieces as its length asks for. */
async function* mappedPieces(source: MapSource, inode: ExtInode, path: string): AsyncGenerator<MappedFile> {
  const { number, kind, sizeBytes, record } = inode;
  let extents: FileExtent[] = [];
  let metadata: Extent[] = [];
  let complete = true;
  const piece = (continues: boolean): MappedFile => ({ path, inode: number, kind, sizeBytes, extents, metadata, complete, continues, record });
  // The map of the resize inode does not name data: it lists the blocks kept for group descriptors in a way of its own.
  const map = number === RESIZE_INODE ? [] : mapExtInode(source, inode);
  for await (const part of map) {
    if (extents.length + metadata.length >= EXTENTS_PER_PIECE) {
      yield piece(true);
      [extents, metadata] = [[], []];
    }
    for (const extent of part.extents) appendExtent(extents, extent);
    metadata.push(...part.metadata);
    if (part.damaged) complete = false;
  }
  yield piece(false);
}

function pathOf(place: Place): string {
  const names: string[] = [];
  for (let at = place; at.parent !== null; at = at.parent) names.push(at.name);
  return `/${names.reverse().join('/')}`;
}
