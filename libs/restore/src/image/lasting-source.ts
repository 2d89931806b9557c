import type { Extent, RestorePointManifest } from '@lifeboat/model';
import { RestoreConnectionLost, RestoreTicketRefused, RestoreTransferFailed } from '../source/restore-errors.js';
import type { DataEntry, KnownEntry } from '../source/volume-source.js';
import type { ImageSource } from './image-source.js';

/**
 * A source that outlives the connections it is made of: when one is lost for good, the read fails, and the next read opens another.
 *
 * @param open opens a source of the same point; the first time when the first read comes.
 */
export function lastingSource(manifest: RestorePointManifest, open: () => Promise<ImageSource>): ImageSource {
  return new LastingSource(manifest, open);
}

class LastingSource implements ImageSource {
  private current: Promise<ImageSource> | undefined;

  constructor(
    readonly manifest: RestorePointManifest,
    private readonly open: () => Promise<ImageSource>,
  ) {}

  async *readMap(volume: number, range: Extent): AsyncGenerator<KnownEntry> {
    const source = this.source();
    try {
      yield* (await source).readMap(volume, range);
    } catch (error) {
      this.forget(source, error);
      throw error;
    }
  }

  async readChunks(volume: number, chunks: readonly DataEntry[]): Promise<readonly (Uint8Array | null)[]> {
    const source = this.source();
    try {
      return await (await source).readChunks(volume, chunks);
    } catch (error) {
      this.forget(source, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    const opened = await current?.catch(() => undefined);
    await opened?.close();
  }

  private source(): Promise<ImageSource> {
    this.current ??= this.open().catch((error: unknown) => {
      this.current = undefined;
      throw error;
    });
    return this.current;
  }

  /** Readers that still wait on the lost connection fail with it; only the first of them drops it. */
  private forget(source: Promise<ImageSource>, error: unknown): void {
    const lost = error instanceof RestoreConnectionLost || error instanceof RestoreTransferFailed || error instanceof RestoreTicketRefused;
    if (lost && this.current === source) this.current = undefined;
  }
}
