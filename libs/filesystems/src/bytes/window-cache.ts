import type { BlockReader } from '@lifeboat/block-device';
import { readOrNull } from './read-or-null.js';

const WINDOW_BYTES = 64 * 1024;
const WINDOWS_MAX = 256;

/**
 * Reads small structures that lie scattered over a volume and keeps the 64 KiB around each of them for a while: at most 16 MiB, the longest unused
 * windows go first.
 */
export class WindowCache {
  readonly #windows = new Map<number, Buffer | null>();

  constructor(readonly volume: BlockReader) {}

  /**
   * The wanted bytes, which the caller must not change; null when they lie outside the volume or some of them are unreadable.
   * @throws what `volume.readFully` throws, except UNREADABLE_SECTORS.
   */
  async read(offsetBytes: number, lengthBytes: number): Promise<Buffer | null> {
    if (!Number.isSafeInteger(offsetBytes) || offsetBytes < 0 || offsetBytes > this.volume.sizeBytes - lengthBytes) return null;
    const first = Math.floor(offsetBytes / WINDOW_BYTES);
    const within = offsetBytes - first * WINDOW_BYTES;
    if (within + lengthBytes > WINDOW_BYTES) return readOrNull(this.volume, offsetBytes, lengthBytes);
    const window = await this.#window(first);
    // One bad sector must not hide its neighbours in the window.
    return window === null ? readOrNull(this.volume, offsetBytes, lengthBytes) : window.subarray(within, within + lengthBytes);
  }

  async #window(index: number): Promise<Buffer | null> {
    const known = this.#windows.get(index);
    if (known !== undefined) {
      this.#windows.delete(index);
      this.#windows.set(index, known);
      return known;
    }
    const offset = index * WINDOW_BYTES;
    const window = await readOrNull(this.volume, offset, Math.min(WINDOW_BYTES, this.volume.sizeBytes - offset));
    this.#windows.set(index, window);
    const oldest = this.#windows.keys().next();
    if (this.#windows.size > WINDOWS_MAX && !oldest.done) this.#windows.delete(oldest.value);
    return window;
  }
}
