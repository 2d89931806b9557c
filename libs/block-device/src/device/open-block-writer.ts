import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { assertInvariant } from '@lifeboat/model';
import { type BlockGeometry, blockPathError, readBlockGeometry } from './block-geometry.js';
import type { BlockWriter } from './block-writer.js';
import { BlockDeviceBusy, BlockPathExists, BlockWriteFailed } from './device-errors.js';
import { errnoOf } from './errno.js';

/**
 * Opens a block device or an image file for writing, or makes a new sparse image file.
 *
 * A block device is opened exclusively: the kernel refuses it while it, or a partition of it, is mounted or otherwise held.
 *
 * @param options.createSparse makes a new file of this size, reading as zeros, which must not exist yet (mode 0600: an image holds secrets).
 * @returns a writer that the caller closes; nothing is durable before `sync`.
 * @throws as `openBlockReader`, and BlockDeviceBusy (BLOCK_DEVICE_BUSY), BlockPathExists (BLOCK_PATH_EXISTS), BlockWriteFailed (BLOCK_WRITE_FAILED).
 */
export async function openBlockWriter(path: string, options: { createSparse?: { sizeBytes: number } } = {}): Promise<BlockWriter> {
  if (options.createSparse) return createSparseImage(path, options.createSparse.sizeBytes);
  const geometry = await readBlockGeometry(path);
  const exclusive = geometry.kind === 'device' ? constants.O_EXCL : 0;
  try {
    return new FileBlockWriter(path, geometry, await open(path, constants.O_RDWR | exclusive));
  } catch (error) {
    if (errnoOf(error) === 'EBUSY') throw new BlockDeviceBusy(path, error);
    throw blockPathError(path, error);
  }
}

async function createSparseImage(path: string, sizeBytes: number): Promise<BlockWriter> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw new BlockPathExists(path, error);
    throw blockPathError(path, error);
  }
  try {
    await handle.truncate(sizeBytes);
  } catch (error) {
    await handle.close();
    throw new BlockWriteFailed({ path, offsetBytes: sizeBytes, reason: errnoOf(error) }, error);
  }
  return new FileBlockWriter(path, { sizeBytes, logicalSectorBytes: 512 }, handle);
}

class FileBlockWriter implements BlockWriter {
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;

  constructor(
    private readonly path: string,
    geometry: Pick<BlockGeometry, 'sizeBytes' | 'logicalSectorBytes'>,
    private readonly handle: FileHandle,
  ) {
    this.sizeBytes = geometry.sizeBytes;
    this.logicalSectorBytes = geometry.logicalSectorBytes;
  }

  async writeFully(source: Uint8Array, offsetBytes: number): Promise<void> {
    assertInvariant(Number.isSafeInteger(offsetBytes) && offsetBytes >= 0 && offsetBytes + source.length <= this.sizeBytes, 'write outside the device', {
      offsetBytes,
      lengthBytes: source.length,
      sizeBytes: this.sizeBytes,
    });
    let written = 0;
    while (written < source.length) {
      const count = await this.#attempt(offsetBytes + written, async () => (await this.handle.write(source, written, source.length - written, offsetBytes + written)).bytesWritten);
      if (count === 0) throw new BlockWriteFailed({ path: this.path, offsetBytes: offsetBytes + written, reason: 'the device took no bytes' });
      written += count;
    }
  }

  async sync(): Promise<void> {
    await this.#attempt(0, () => this.handle.sync());
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  async #attempt<T>(offsetBytes: number, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw new BlockWriteFailed({ path: this.path, offsetBytes, reason: errnoOf(error) }, error);
    }
  }
}
