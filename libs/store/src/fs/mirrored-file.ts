import { isNoSpace } from './errno.js';
import { syncDirectory, syncFile, writeFullyAt } from './file-io.js';
import type { StoreFile, StoreFs } from './store-fs.js';

/** The names of a file that exists twice, with equal bytes. */
export type TwinPaths = Readonly<{ path: string; twin: string }>;

/**
 * A file kept twice: every write, sync and truncation goes to both, side by side, and counts only when both took it. Reading is from the first.
 * When one fails the other has been settled too, so that a caller can cut both back.
 */
export class MirroredFile implements StoreFile {
  private constructor(
    private readonly names: TwinPaths,
    private readonly first: StoreFile,
    private readonly second: StoreFile,
  ) {}

  /** Makes both files; when the second cannot be made the first is removed again if only space was missing. */
  static async create(fs: StoreFs, names: TwinPaths): Promise<MirroredFile> {
    const first = await fs.open(names.path, 'create');
    try {
      return new MirroredFile(names, first, await fs.open(names.twin, 'create'));
    } catch (error) {
      await first.close();
      if (isNoSpace(error)) await fs.unlink(names.path);
      throw error;
    }
  }

  readAt(target: Uint8Array, position: number): Promise<number> {
    return this.first.readAt(target, position);
  }

  /** Writes all of `source` to both files. */
  async writeAt(source: Uint8Array, position: number): Promise<number> {
    await onBoth(
      writeFullyAt(this.first, source, { path: this.names.path, offsetBytes: position }),
      writeFullyAt(this.second, source, { path: this.names.twin, offsetBytes: position }),
    );
    return source.length;
  }

  async sync(): Promise<void> {
    await onBoth(syncFile(this.first, this.names.path), syncFile(this.second, this.names.twin));
  }

  async truncate(lengthBytes: number): Promise<void> {
    await onBoth(this.first.truncate(lengthBytes), this.second.truncate(lengthBytes));
  }

  size(): Promise<number> {
    return this.first.size();
  }

  async close(): Promise<void> {
    await onBoth(this.first.close(), this.second.close());
  }
}

/** Makes the names of both files durable. */
export async function syncTwinDirectories(fs: StoreFs, names: TwinPaths): Promise<void> {
  await onBoth(syncDirectory(fs, directoryOf(names.path)), syncDirectory(fs, directoryOf(names.twin)));
}

/** The directory part of a path. */
export const directoryOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Waits for both. Lack of space is the weaker failure: it is reported only when nothing worse happened. */
export async function onBoth(first: Promise<unknown>, second: Promise<unknown>): Promise<void> {
  const failures = (await Promise.allSettled([first, second])).flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  const [worst] = [...failures].sort((a, b) => Number(isNoSpace(a)) - Number(isNoSpace(b)));
  if (failures.length > 0) throw worst;
}
