import type { PackId } from '@lifeboat/model';
import { errnoOf } from '../fs/errno.js';
import type { StoreFile, StoreFs } from '../fs/store-fs.js';
import { openPathOf, sealedPathOf } from './pack-paths.js';

const openFilesMax = 64;

interface OpenedPack {
  readonly file: Promise<StoreFile>;
  users: number;
  evicted: boolean;
}

/** Pack files opened for reading, at most 64 kept open. A pack may be sealed meanwhile: an open file survives its renaming. */
export class PackFiles {
  private readonly opened = new Map<PackId, OpenedPack>();

  constructor(private readonly fs: StoreFs) {}

  /** Runs `use` on the pack's file, which stays open at least as long. The port's `ENOENT` when there is no such pack. */
  async withPack<T>(packId: PackId, use: (file: StoreFile, path: string) => Promise<T>): Promise<T> {
    const pack = this.take(packId);
    pack.users += 1;
    try {
      return await use(await pack.file, sealedPathOf(packId));
    } catch (error) {
      // A file that failed to open, or whose medium failed, is opened anew by the next reader.
      if (this.opened.get(packId) === pack) this.evict(packId, pack);
      throw error;
    } finally {
      pack.users -= 1;
      if (pack.evicted && pack.users === 0) await closeQuietly(pack);
    }
  }

  /** Lets go of a pack that is being deleted, so that its bytes are freed: now, or when its last reader ends. */
  async forget(packId: PackId): Promise<void> {
    const pack = this.opened.get(packId);
    if (!pack) return;
    this.evict(packId, pack);
    if (pack.users === 0) await closeQuietly(pack);
  }

  /** Closes every file; readers still at work keep theirs until they end. */
  async close(): Promise<void> {
    for (const [packId, pack] of this.opened) {
      this.evict(packId, pack);
      if (pack.users === 0) await closeQuietly(pack);
    }
  }

  private take(packId: PackId): OpenedPack {
    const known = this.opened.get(packId);
    this.opened.delete(packId);
    const pack = known ?? { file: this.open(packId), users: 0, evicted: false };
    this.opened.set(packId, pack);
    for (const [oldestId, oldest] of this.opened) {
      if (this.opened.size <= openFilesMax) break;
      if (oldest.users === 0 && oldest !== pack) {
        this.evict(oldestId, oldest);
        void closeQuietly(oldest);
      }
    }
    return pack;
  }

  private evict(packId: PackId, pack: OpenedPack): void {
    pack.evicted = true;
    this.opened.delete(packId);
  }

  /** A pack is sealed between two looks at most once, so the third look finds it wherever it went. */
  private async open(packId: PackId): Promise<StoreFile> {
    for (const path of [sealedPathOf(packId), openPathOf(packId)]) {
      try {
        return await this.fs.open(path, 'read');
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error;
      }
    }
    return this.fs.open(sealedPathOf(packId), 'read');
  }
}

/** A file that never opened has nothing to close, and its opener has been told; a failed close of a read-only file loses nothing. */
async function closeQuietly(pack: OpenedPack): Promise<void> {
  await pack.file.then((file) => file.close()).catch(() => undefined);
}
