import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from '@lifeboat/codec';
import type { PackId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { errnoOf } from '../fs/errno.js';
import type { StoreFs } from '../fs/store-fs.js';
import { decodeParityFile, parityFileBytesMax, type ParityFile } from '../parity/parity-file.js';
import { parityPathOf } from '../parity/parity-paths.js';
import { parityShapeOf } from '../parity/parity-shape.js';
import { imageBytesMax, type ImageMemory, type PackImage } from '../parity/pack-image.js';
import { readTolerantly, type ReadPace } from '../parity/read-image.js';
import { rebuildBlocks, type LostBlocks, type RebuiltBlocks } from '../parity/rebuild-blocks.js';
import { sealedPathOf } from '../pack/pack-paths.js';
import { checkImage, type ImageCheck } from './check-image.js';

const blocksPerTurn = 4096;
const reasonsMax = 100;

/** How a pack is read: into whose memory, past the cache or not, at which pace; `thorough` compares the digest of every chunk, not only checksums. */
export type PackReading = Readonly<{ fs: StoreFs; memory: ImageMemory; uncached: boolean; thorough: boolean; pace: ReadPace }>;

/** State of a pack's parity file: as it must be, not there, not exactly as written, or written for other bytes. */
export type ParityState = 'sound' | 'missing' | 'damaged';

/** A pack as it was read, with everything that is wrong with it. The image is valid until the memory is used again. */
export type PackInspection = Readonly<{
  packId: PackId; image: PackImage; fileLengthBytes: number; readBytes: number; mediumErrors: number;
  parity: ParityFile | null; parityState: ParityState;
  /** Blocks that the medium refused, that are not there, or whose checksum disagrees. */
  wrong: LostBlocks;
  check: ImageCheck;
  /** In words; empty when every byte of the pack is as it was written. */
  reasons: readonly string[];
}>;

/**
 * Reads a sealed pack and its parity whole and checks every byte of both.
 * Failures that say nothing about the pack, such as `ENOENT` for a pack that was deleted meanwhile or `EMFILE`, are thrown.
 */
export async function inspectPack(packId: PackId, reading: PackReading): Promise<PackInspection> {
  const path = sealedPathOf(packId);
  const stat = await reading.fs.stat(path);
  const { parity, readBytes: parityBytes, mediumErrors: parityErrors } = await readParity(packId, reading);
  const shape = parity?.shape ?? parityShapeOf(Math.min(imageBytesMax, Math.max(1, stat?.sizeBytes ?? 0)));
  const image = reading.memory.take(shape);
  const read = await readTolerantly(reading.fs, image.paddedBytes, { path, uncached: reading.uncached, pace: reading.pace });
  const wrong = await findWrongBlocks(image, parity, read.missing);
  const check = await checkImage(image, packId, reading.thorough);
  const parityState = !parity ? ((await reading.fs.exists(parityPathOf(packId))) ? 'damaged' : 'missing') : parity.faults.length + parityErrors + wrong.parityBlocks.size > 0 ? 'damaged' : 'sound';
  const reasons = describe({ check, wrong, wrongLength: read.fileLengthBytes !== shape.fileLengthBytes, mediumErrors: read.mediumErrors });
  return {
    packId, image, fileLengthBytes: read.fileLengthBytes, readBytes: image.paddedBytes.length + parityBytes, mediumErrors: read.mediumErrors, parity, parityState, wrong, check, reasons,
  };
}

/** Rebuilds what the parity can of an inspected pack, in its image, and checks the result. */
export async function rebuildPack(inspection: PackInspection): Promise<Readonly<{ blocks: RebuiltBlocks; check: ImageCheck }>> {
  const { image, parity, wrong, packId } = inspection;
  if (!parity || wrong.blocks.size === 0) return { blocks: { rebuilt: [], lost: [...wrong.blocks] }, check: inspection.check };
  const blocks = await rebuildBlocks(image, wrong);
  return { blocks, check: await checkImage(image, packId, true) };
}

async function readParity(packId: PackId, { fs, memory, uncached, pace }: PackReading): Promise<{ parity: ParityFile | null; readBytes: number; mediumErrors: number }> {
  const path = parityPathOf(packId);
  const stat = await fs.stat(path);
  if (stat?.kind !== 'file' || stat.sizeBytes === 0 || stat.sizeBytes > parityFileBytesMax) return { parity: null, readBytes: 0, mediumErrors: 0 };
  const target = memory.takeParityFile(stat.sizeBytes);
  try {
    const { mediumErrors } = await readTolerantly(fs, target, { path, uncached, pace });
    const parity = decodeParityFile(target.subarray(0, stat.sizeBytes), packId);
    return { parity: isInvalid(parity) ? null : parity, readBytes: target.length, mediumErrors };
  } catch (error) {
    // Removed since it was looked for: the same as never made.
    if (errnoOf(error) !== 'ENOENT') throw error;
    return { parity: null, readBytes: 0, mediumErrors: 0 };
  }
}

/** Compares every block with its checksum, and puts the parity blocks into the image. */
async function findWrongBlocks(image: PackImage, parity: ParityFile | null, missing: ReadonlySet<number>): Promise<LostBlocks> {
  const wrong = { blocks: new Set(missing), parityBlocks: new Set<number>() };
  const sumOf = (block: number): number | undefined => (parity?.isKnown(block) === true ? parity.sums[block] : undefined);
  if (!parity) return { ...wrong, sumOf };
  const { blocks, parityBlocks } = image.shape;
  for (let block = 0; block < blocks; block += 1) {
    if (block % blocksPerTurn === blocksPerTurn - 1) await nextTurn();
    const sum = sumOf(block);
    if (sum !== undefined && crc32(image.block(block)) !== sum) wrong.blocks.add(block);
  }
  for (let index = 0; index < parityBlocks; index += 1) {
    const sum = sumOf(blocks + index);
    const holds = parity.copyParity(index, image.parityBlock(index)) && sum !== undefined && crc32(image.parityBlock(index)) === sum;
    if (!holds) wrong.parityBlocks.add(index);
  }
  return { ...wrong, sumOf };
}

function describe({ check, wrong, wrongLength, mediumErrors }: Readonly<{ check: ImageCheck; wrong: LostBlocks; wrongLength: boolean; mediumErrors: number }>): string[] {
  const reasons = check.faults.map(({ structure, offsetBytes, lengthBytes, reason }) => `${structure} at ${String(offsetBytes)}+${String(lengthBytes)}: ${reason}`);
  if (wrongLength) reasons.unshift('the file has another length than when it was sealed');
  if (mediumErrors > 0) reasons.unshift(`the medium refused ${String(mediumErrors)} blocks of 4096 bytes`);
  if (wrong.blocks.size > 0) reasons.unshift(`${String(wrong.blocks.size)} blocks of 4096 bytes are not what was written`);
  return reasons.slice(0, reasonsMax);
}
