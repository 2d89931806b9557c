import { assertInvariant, GIB } from '@lifeboat/model';
import { alignUp } from '../binary/binary.js';
import { KERNEL_BYTES, openMultiplyKernel, type MultiplyKernel } from './multiply-kernel.js';
import { PARITY_BLOCK_BYTES, type ParityShape } from './parity-shape.js';
import { webAssembly, type WasmMemory } from './web-assembly.js';

const WASM_PAGE_BYTES = 65_536;
/** Longest file that is taken into memory for its parity; packs are sealed at 64 MiB. */
export const imageBytesMax = GIB;

/** A pack and its parity blocks in memory, where the kernel can reach both. Valid until the memory it comes from gives out the next. */
export class PackImage {
  private readonly parityStart: number;

  constructor(
    private readonly memory: WasmMemory,
    private readonly kernel: MultiplyKernel,
    readonly shape: ParityShape,
  ) {
    this.parityStart = KERNEL_BYTES + shape.blocks * PARITY_BLOCK_BYTES;
  }

  /** The file's bytes; page aligned. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer, KERNEL_BYTES, this.shape.fileLengthBytes);
  }

  /** The file's bytes up to a whole block, as a read past the page cache wants it. */
  get paddedBytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer, KERNEL_BYTES, this.shape.blocks * PARITY_BLOCK_BYTES);
  }

  /** Every parity block, shard after shard. */
  get parityBytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.parityStart, this.shape.parityBlocks * PARITY_BLOCK_BYTES);
  }

  /** A block of the file, the last one with the zeros behind it. */
  block(index: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, KERNEL_BYTES + index * PARITY_BLOCK_BYTES, PARITY_BLOCK_BYTES);
  }

  parityBlock(index: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.parityStart + index * PARITY_BLOCK_BYTES, PARITY_BLOCK_BYTES);
  }

  /** `parity block += factor * block`, for `count` neighbours. */
  addToParity(parityBlock: number, block: number, run: Readonly<{ count: number; factor: number }>): void {
    this.kernel({
      target: this.parityStart + parityBlock * PARITY_BLOCK_BYTES, source: KERNEL_BYTES + block * PARITY_BLOCK_BYTES, lengthBytes: run.count * PARITY_BLOCK_BYTES, factor: run.factor,
    });
  }

  /** `block += factor * parity block`. */
  addToBlock(block: number, parityBlock: number, factor: number): void {
    this.kernel({ target: KERNEL_BYTES + block * PARITY_BLOCK_BYTES, source: this.parityStart + parityBlock * PARITY_BLOCK_BYTES, lengthBytes: PARITY_BLOCK_BYTES, factor });
  }
}

/**
 * Memory for one pack image at a time. It grows to the largest pack it has held and never shrinks, so its owner drops it when the work is done.
 * WebAssembly's memory is page aligned, which no other buffer of Node is.
 */
export class ImageMemory {
  private readonly parityFile = new webAssembly.Memory({ initial: 1, maximum: WASM_PAGE_BYTES });
  private readonly memory = new webAssembly.Memory({ initial: KERNEL_BYTES / WASM_PAGE_BYTES, maximum: WASM_PAGE_BYTES });
  private readonly kernel = openMultiplyKernel(this.memory);

  /** Bytes this has taken from the system. */
  get heldBytes(): number {
    return this.memory.buffer.byteLength + this.parityFile.buffer.byteLength;
  }

  /** An image of that shape, all zeros. Ends the one given out before. */
  take(shape: ParityShape): PackImage {
    assertInvariant(shape.fileLengthBytes > 0 && shape.fileLengthBytes <= imageBytesMax, 'a pack image is at most 1 GiB', { fileLengthBytes: shape.fileLengthBytes });
    const neededBytes = KERNEL_BYTES + (shape.blocks + shape.parityBlocks) * PARITY_BLOCK_BYTES;
    const missingPages = Math.ceil((neededBytes - this.memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missingPages > 0) this.memory.grow(missingPages);
    new Uint8Array(this.memory.buffer, KERNEL_BYTES, neededBytes - KERNEL_BYTES).fill(0);
    return new PackImage(this.memory, this.kernel, shape);
  }

  /** Page-aligned room for a parity file of `lengthBytes`, rounded up to whole blocks. Ends the one given out before. */
  takeParityFile(lengthBytes: number): Uint8Array {
    const roomBytes = alignUp(lengthBytes, PARITY_BLOCK_BYTES);
    const missingPages = Math.ceil((roomBytes - this.parityFile.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missingPages > 0) this.parityFile.grow(missingPages);
    return new Uint8Array(this.parityFile.buffer, 0, roomBytes);
  }
}
