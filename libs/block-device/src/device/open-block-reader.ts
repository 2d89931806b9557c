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
    return new FileBlockReader(path, geometry, direct === null ? { buffered: await open(path, constants.O_RDONLY), direct: null } : { buffered: null, direct });
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
  #isolating: FileHandle | null | undefined;

  constructor(
    readonly path: string,
    private readonly geometry: BlockGeometry,
    private readonly handles: Readonly<{ buffered: FileHandle | null; direct: FileHandle | null }>,
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
    const direct = this.handles.direct ?? (isolating ? await this.#openForIsolation() : null);
    if (direct !== null) return this.#readAligned(direct, target, offsetBytes);
    const lengthBytes = Math.min(target.length, READ_BYTES_MAX);
    return (await this.#buffered().read(target, 0, lengthBytes, offsetBytes)).bytesRead;
  }

  async currentSizeBytes(): Promise<number> {
    if (this.geometry.sysfsPath !== null) return sysfsSizeBytes(this.geometry.sysfsPath);
    return (await (this.handles.direct ?? this.#buffered()).stat()).size;
  }

  async close(): Promise<void> {
    await this.handles.buffered?.close();
    await this.handles.direct?.close();
    await this.#isolating?.close();
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

  /** A buffered read of one sector reads its whole page, so that a bad neighbour fails it too; a direct one does not. */
  async #openForIsolation(): Promise<FileHandle | null> {
    if (this.#isolating === undefined) this.#isolating = await openDirect(this.path);
    return this.#isolating;
  }

  #buffered(): FileHandle {
    const handle = this.handles.buffered;
    if (handle === null) throw new TypeError('a reader has at least one handle');
    return handle;
  }
}
