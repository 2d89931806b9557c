import { parseGroupDescriptor, type GroupDescriptor } from '../group-descriptor.js';
import { descriptorBlockAddress, descriptorsPerBlock } from '../group-layout.js';
import type { ExtSuperblock } from '../ext-superblock.js';
import { RO_COMPAT } from '../ext-features.js';
import type { WindowCache } from '../../bytes/window-cache.js';

const INODE_UNINIT = 0x1;

/** Where a group keeps its inodes, and how many of them were ever written. */
type InodeTable = Readonly<{ offsetBytes: number; written: number }>;

/** Reads inodes by number. */
export class ExtInodeTable {
  #known: { group: number; table: InodeTable | null } | null = null;

  constructor(
    private readonly sb: ExtSuperblock,
    private readonly cache: WindowCache,
  ) {}

  get inodeCount(): number {
    return this.sb.groupCount * this.sb.inodesPerGroup;
  }

  /** The bytes of inode `number`, counted from 1; null when there is none or it cannot be read. */
  async read(number: number): Promise<Buffer | null> {
    if (!Number.isSafeInteger(number) || number < 1 || number > this.inodeCount) return null;
    const table = await this.#tableOf(Math.floor((number - 1) / this.sb.inodesPerGroup));
    const index = (number - 1) % this.sb.inodesPerGroup;
    if (table === null || index >= table.written) return null;
    return this.cache.read(table.offsetBytes + index * this.sb.inodeBytes, this.sb.inodeBytes);
  }

  /** Numbers [first, end) of the inodes of `group` that were ever written. */
  async writtenIn(group: number): Promise<{ first: number; end: number }> {
    const first = group * this.sb.inodesPerGroup + 1;
    return { first, end: first + ((await this.#tableOf(group))?.written ?? 0) };
  }

  async #tableOf(group: number): Promise<InodeTable | null> {
    if (this.#known?.group === group) return this.#known.table;
    const table = await this.#readTable(group);
    this.#known = { group, table };
    return table;
  }

  async #readTable(group: number): Promise<InodeTable | null> {
    const { sb } = this;
    const perBlock = descriptorsPerBlock(sb);
    const address = descriptorBlockAddress(sb, Math.floor(group / perBlock));
    const raw = await this.cache.read(address * sb.blockBytes + (group % perBlock) * sb.descriptorBytes, sb.descriptorBytes);
    const descriptor = raw === null ? 'descriptor unreadable' : parseGroupDescriptor(raw, group, sb);
    if (raw === null || typeof descriptor === 'string') return null;
    return { offsetBytes: descriptor.inodeTable * sb.blockBytes, written: this.#writtenInodes(raw, descriptor) };
  }

  /** Without descriptor checksums all inodes were written when the filesystem was made. @see linux/fs/ext4/ialloc.c, `ext4_read_inode_bitmap`. */
  #writtenInodes(raw: Buffer, descriptor: GroupDescriptor): number {
    const { sb } = this;
    if ((sb.features.roCompat & (RO_COMPAT.groupChecksum | RO_COMPAT.metadataChecksum)) === 0) return sb.inodesPerGroup;
    if (raw.readUInt16LE(0x12) & INODE_UNINIT) return 0;
    const unused = raw.readUInt16LE(0x1c) + (descriptor.bitmapChecksum.wide ? raw.readUInt16LE(0x32) * 2 ** 16 : 0);
    return Math.max(0, sb.inodesPerGroup - unused);
  }
}
