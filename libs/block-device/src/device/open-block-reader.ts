import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MIB } from '@lifeboat/model';
import { type BlockGeometry, blockPathError, readBlockGeometry, sysfsSizeBytes } from './block-geometry.js';
import type { BlockReader } from './block-reader.js';
import { errnoOf } from './errno.js';
import { type RawDevice, fillFromDevice } from './fill-from-device.js';
import { AlignedBufferPool } from './page-aligned-buffer.js';

const PAGE_BYTES = 4096;
const READ_BYTES_MAX = MIB;

/** One pool for all readers: a backup opens few disks and reads them in turn. */
const alignedBuffers = new AlignedBufferPool(READ_BYTES_MAX);

/**
 * Opens a block device or a regular file for reading.
 *
 * @param options.direct bypasses the page cache. Needed on a mounted device, where the cache of the device is not coherent with that of
 *   its files. Ignored where the filesystem holding an image file cannot do it.
 * @returns a reader that the caller closes.
 * @throws BlockPathMissing (BLOCK_PATH_MISSING), BlockPathIsDirectory (BLOCK_PATH_IS_DIRECTORY), BlockPathUnsupported
 *   (BLOCK_PATH_UNSUPPORTED), BlockPathForbidden (BLOCK_PATH_FORBIDDEN).
 */
export async function openBlockReader(path: string, options: { direct?: boolean } = {}): Promise<BlockReader> {
  const geometry = await readBlockGeometry(path);
  try {
    const direct = options.direct === true ? await openDirect(path) : null;
    return new FileBlockReader(path, geometry, { main: direct ?? (await open(path, constants.O_RDONLY)), direct: direct !== null });
  } catch (error) {
    throw blockPathError(path, error);
  }
}

/** Opens with O_DIRECT, or returns null where it is not supported (EINVAL from e.g. some network and memory filesystems). */
async function openDirect(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECT);
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return null;
    throw error;
  }
}

class FileBlockReader implements BlockReader, RawDevice {
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;
  readonly isolationBytes: number;
  #isolating: Promise<FileHandle | null> | undefined;

  constructor(
    readonly path: string,
    private readonly geometry: BlockGeometry,
    private readonly opened: Readonly<{ main: FileHandle; direct: boolean }>,
  ) {
    this.sizeBytes = geometry.sizeBytes;
    this.logicalSectorBytes = geometry.logicalSectorBytes;
    // A file's alignment for O_DIRECT is that of the filesystem it lies on; a page satisfies all of them.
    this.isolationBytes = geometry.kind === 'device' ? geometry.logicalSectorBytes : PAGE_BYTES;
  }

  async readFully(target: Uint8Array, offsetBytes: number): Promise<void> {
    await fillFromDevice(this, target, offsetBytes);
  }

  async readSome(target: Uint8Array, offsetBytes: number, isolating: boolean): Promise<number> {
    const direct = this.opened.direct ? this.opened.main : isolating ? await this.#handleForIsolation() : null;
    if (direct !== null) return this.#readAligned(direct, target, offsetBytes);
    return (await this.opened.main.read(target, 0, Math.min(target.length, READ_BYTES_MAX), offsetBytes)).bytesRead;
  }

  async currentSizeBytes(): Promise<number> {
    if (this.geometry.sysfsPath !== null) return sysfsSizeBytes(this.geometry.sysfsPath);
    return (await this.opened.main.stat()).size;
  }

  async close(): Promise<void> {
    await this.opened.main.close();
    await (await this.#isolating)?.close();
  }

  /** Reads whole sectors around the wanted bytes into an aligned buffer and hands out only what this very call returned. */
  #readAligned(handle: FileHandle, target: Uint8Array, offsetBytes: number): Promise<number> {
    const alignment = this.isolationBytes;
    const startBytes = Math.floor(offsetBytes / alignment) * alignment;
    const skipBytes = offsetBytes - startBytes;
    const wantedBytes = Math.min(READ_BYTES_MAX, Math.ceil((skipBytes + target.length) / alignment) * alignment);
    return alignedBuffers.lend(async (buffer) => {
      const { bytesRead } = await handle.read(buffer, 0, wantedBytes, startBytes);
      const usable = Math.max(0, Math.min(bytesRead - skipBytes, target.length));
      target.set(buffer.subarray(skipBytes, skipBytes + usable));
      return usable;
    });
  }

  /**
   * A buffered read of one sector reads its whole page, so that a bad neighbour fails it too; a direct one does not.
   * Reopened through the descriptor, because the path may name something else by now.
   */
  #handleForIsolation(): Promise<FileHandle | null> {
    this.#isolating ??= openDirect(`/proc/self/fd/${String(this.opened.main.fd)}`);
    return this.#isolating;
  }
}
