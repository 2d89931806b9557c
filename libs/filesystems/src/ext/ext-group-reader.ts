import type { BlockReader } from '@lifeboat/block-device';
import { forEachSetRun } from '../allocation/bit-runs.js';
import { bitmapProblem } from './block-bitmap.js';
import { BlockWindow } from './block-window.js';
import { Doubts } from '../allocation/doubts.js';
import { INCOMPAT } from './ext-features.js';
import type { ExtSuperblock } from './ext-superblock.js';
import { ForeignMetadata } from './foreign-metadata.js';
import { type GroupDescriptor, parseGroupDescriptor } from './group-descriptor.js';
import { type BlockRun, blocksIn, descriptorBlockAddress, descriptorsPerBlock, firstBlockOf, groupHead } from './group-layout.js';
import { UsedRuns } from '../allocation/used-runs.js';

/**
 * Walks the block groups of a volume and collects what they use. What a group may use outside of itself is collected separately, so that the runs
 * stay in order and memory stays bounded.
 */
export class ExtGroupReader {
  readonly runs = new UsedRuns();
  readonly foreign = new ForeignMetadata();
  readonly doubts = new Doubts('block group');
  readonly #bitmaps: BlockWindow;
  readonly #descriptors: BlockWindow;

  constructor(
    volume: BlockReader,
    private readonly sb: ExtSuperblock,
  ) {
    const { blockBytes, blockCount } = sb;
    this.#bitmaps = new BlockWindow(volume, { blockBytes, blockCount, ahead: sb.groupsPerFlex > 1 });
    this.#descriptors = new BlockWindow(volume, { blockBytes, blockCount, ahead: !(sb.features.incompat & INCOMPAT.metaBg) });
  }

  async readAll(): Promise<void> {
    const { sb } = this;
    // The boot block lies before the first group when blocks are 1 KiB.
    if (sb.firstDataBlock > 0) this.runs.add(0, sb.firstDataBlock);
    const perBlock = descriptorsPerBlock(sb);
    let block: Uint8Array | null = null;
    for (let group = 0; group < sb.groupCount; group += 1) {
      if (group % perBlock === 0) {
        const address = descriptorBlockAddress(sb, group / perBlock);
        // Copied because the window's bytes are valid only until its next read.
        block = address < sb.blockCount ? ((await this.#descriptors.read(address))?.slice() ?? null) : null;
      }
      const at = (group % perBlock) * sb.descriptorBytes;
      const descriptor = block === null ? 'descriptor unreadable' : parseGroupDescriptor(block.subarray(at, at + sb.descriptorBytes), group, sb);
      if (typeof descriptor === 'string') this.#keepFlexGroup(group, descriptor);
      else await this.#readGroup(group, descriptor);
      if (this.foreign.overflowed) return;
    }
  }

  async #readGroup(group: number, descriptor: GroupDescriptor): Promise<void> {
    const { sb } = this;
    const first = firstBlockOf(sb, group);
    const clusterCount = Math.ceil(blocksIn(sb, group) / sb.clusterBlocks);
    const bitmap = descriptor.bitmapUninitialised ? new Uint8Array(sb.blockBytes) : (await this.#bitmaps.read(descriptor.blockBitmap))?.slice();
    const problem = bitmap === undefined ? 'bitmap unreadable' : descriptor.bitmapUninitialised ? null : bitmapProblem(bitmap, clusterCount, { descriptor, superblock: sb });
    this.#addMetadata(group, descriptor, bitmap ?? null);
    if (bitmap === undefined || problem !== null) {
      this.#keepBlocks(group, problem ?? '', { start: first, count: blocksIn(sb, group) });
      return;
    }
    forEachSetRun(bitmap, clusterCount, (start, count) => {
      this.runs.add(first + start * sb.clusterBlocks, Math.min(count * sb.clusterBlocks, sb.blockCount - first - start * sb.clusterBlocks));
    });
  }

  /** Marks the group's fixed structures: in its own bitmap where they lie inside the group, in the separate list where they do not. */
  #addMetadata(group: number, descriptor: GroupDescriptor, bitmap: Uint8Array | null): void {
    const { sb } = this;
    const first = firstBlockOf(sb, group);
    const mark = (run: BlockRun): boolean => {
      const inside = run.start + run.count <= first + blocksIn(sb, group) && (run.start >= first || group === 0);
      if (inside && bitmap !== null) setBits(bitmap, Math.floor(Math.max(0, run.start - first) / sb.clusterBlocks), Math.floor((run.start + run.count - 1 - first) / sb.clusterBlocks));
      return inside;
    };
    const head = groupHead(sb, group);
    if (head && !mark(head)) this.#keepBlocks(group, 'group head larger than its group', head);
    const { blockBitmap, inodeBitmap, inodeTable, inodeTableBlocks } = descriptor;
    const place = (kind: Parameters<ForeignMetadata['add']>[0], run: BlockRun): void => {
      if (!mark(run)) this.foreign.add(kind, { offsetBytes: run.start * sb.blockBytes, lengthBytes: run.count * sb.blockBytes });
    };
    place('block bitmap', { start: blockBitmap, count: 1 });
    place('inode bitmap', { start: inodeBitmap, count: 1 });
    place('inode table', { start: inodeTable, count: inodeTableBlocks });
  }

  /**
   * Without a descriptor nobody knows where the group's bitmaps and inode table are. flex_bg puts them anywhere in its set of groups, so
   * that set is the smallest unit that surely holds them.
   */
  #keepFlexGroup(group: number, problem: string): void {
    const { sb } = this;
    const firstGroup = Math.floor(group / sb.groupsPerFlex) * sb.groupsPerFlex;
    const lastGroup = Math.min(firstGroup + sb.groupsPerFlex, sb.groupCount) - 1;
    const start = firstBlockOf(sb, firstGroup);
    this.#keepBlocks(group, problem, { start, count: firstBlockOf(sb, lastGroup) + blocksIn(sb, lastGroup) - start });
  }

  #keepBlocks(group: number, problem: string, run: BlockRun): void {
    this.doubts.add(group, problem, { offsetBytes: run.start * this.sb.blockBytes, lengthBytes: run.count * this.sb.blockBytes });
  }
}

/** Sets bits [first, last] of a bitmap. */
function setBits(bitmap: Uint8Array, first: number, last: number): void {
  for (let bit = first; bit <= last; bit += 1) {
    const at = bit >> 3;
    bitmap[at] = (bitmap[at] ?? 0) | (1 << bit % 8);
  }
}
