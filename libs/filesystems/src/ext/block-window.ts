import { type BlockReader, UnreadableSectors } from '@lifeboat/block-device';

const WINDOW_BYTES = 64 * 1024;

/** Reads single blocks; with `ahead` it fetches neighbours too, because flex_bg puts the bitmaps of many groups side by side. */
export class BlockWindow {
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly volume: BlockReader,
    private readonly options: { blockBytes: number; blockCount: number; ahead: boolean },
  ) {}

  /** The bytes of `block`, valid until the next call; null when they cannot be read. */
  async read(block: number): Promise<Uint8Array | null> {
    const { blockBytes, blockCount, ahead } = this.options;
    const offset = (block - this.#start) * blockBytes;
    if (offset >= 0 && offset + blockBytes <= this.#bytes.length) return this.#bytes.subarray(offset, offset + blockBytes);
    const wanted = ahead ? Math.max(1, Math.min(WINDOW_BYTES / blockBytes, blockCount - block)) : 1;
    return (await this.#fetch(block, wanted)) ?? (wanted > 1 ? this.#fetch(block, 1) : null);
  }

  async #fetch(block: number, count: number): Promise<Uint8Array | null> {
    const { blockBytes } = this.options;
    const bytes = new Uint8Array(count * blockBytes);
    try {
      await this.volume.readFully(bytes, block * blockBytes);
    } catch (error) {
      if (error instanceof UnreadableSectors) return null;
      throw error;
    }
    this.#start = block;
    this.#bytes = bytes;
    return bytes.subarray(0, blockBytes);
  }
}
