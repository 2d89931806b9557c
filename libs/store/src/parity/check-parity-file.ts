import { crc32 } from '@lifeboat/codec';
import type { PackId } from '@lifeboat/model';
import { isInvalid } from '../binary/binary.js';
import { readWhole } from '../fs/file-io.js';
import type { StoreFs } from '../fs/store-fs.js';
import { decodeParityFile, parityFileBytesMax } from './parity-file.js';
import { parityPathOf } from './parity-paths.js';
import { PARITY_BLOCK_BYTES } from './parity-shape.js';

/** What is wrong with a pack's parity file, in words; null when there is none or every byte of it verifies. Reads the file whole, 3 % of its pack. */
export async function checkParityFile(fs: StoreFs, packId: PackId): Promise<string | null> {
  if (!(await fs.exists(parityPathOf(packId)))) return null;
  const parity = decodeParityFile(await readWhole(fs, parityPathOf(packId), parityFileBytesMax), packId);
  if (isInvalid(parity)) return parity.invalid;
  const [fault] = parity.faults;
  if (fault !== undefined) return fault;
  const { blocks, parityBlocks } = parity.shape;
  const block = new Uint8Array(PARITY_BLOCK_BYTES);
  for (let index = 0; index < parityBlocks; index += 1) {
    if (!parity.copyParity(index, block) || crc32(block) !== parity.sums[blocks + index]) return `parity block ${String(index)}`;
  }
  return null;
}
