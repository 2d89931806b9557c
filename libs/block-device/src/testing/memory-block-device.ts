import { type Extent, assertInvariant, endOf } from '@lifeboat/model';
import type { BlockReader } from '../device/block-reader.js';
import type { BlockWriter } from '../device/block-writer.js';
import { type RawDevice, fillFromDevice } from '../device/fill-from-device.js';

const PAGE_BYTES = 4096;

/** An error as the system's, so that faults take the same way as on a real device. */
class SystemFault extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/**
 * A disk in memory that is sparse and can fail: the twin of the device and image-file readers and writers. Faults are injected
 * below the same loop that serves real devices.
 */
export class MemoryBlockDevice implements BlockReader, BlockWriter, RawDevice {
  readonly path = 'memory';
  readonly isolationBytes: number;
  readonly logicalSectorBytes: number;
  /** Every call that reached the raw device, for tests that count them. */
  readonly reads: Extent[] = [];
  readonly #pages = new Map<number, Uint8Array>();
  #unreadable: readonly Extent[] = [];
  #readBytesMax = Number.MAX_SAFE_INTEGER;
  #currentSizeBytes: number;
  #deadAt: number | null = null;

  constructor(
    readonly sizeBytes: number,
    options: { logicalSectorBytes?: number } = {},
  ) {
    this.logicalSectorBytes = options.logicalSectorBytes ?? 512;
    this.isolationBytes = this.logicalSectorBytes;
    this.#currentSizeBytes = sizeBytes;
  }

  /** A device holding a copy of `bytes`. */
  static of(bytes: Uint8Array, options: { logicalSectorBytes?: number } = {}): MemoryBlockDevice {
    const device = new MemoryBlockDevice(bytes.length, options);
    device.patch(bytes, 0);
    return device;
  }

  /** From now on these bytes answer EIO, as do all reads touching them. */
  failReads(extents: readonly Extent[]): void {
    this.#unreadable = extents;
  }

  /** From now on one system call returns at most this many bytes. */
  shortenReads(readBytesMax: number): void {
    this.#readBytesMax = readBytesMax;
  }

  /** From now on the device ends here. */
  shrinkTo(sizeBytes: number): void {
    this.#currentSizeBytes = sizeBytes;
  }

  /** From now on reads at or beyond this offset return nothing, although the size stays: a device that lies. */
  returnNothingFrom(offsetBytes: number): void {
    this.#deadAt = offsetBytes;
  }

  async readFully(target: Uint8Array, offsetBytes: number): Promise<void> {
    await fillFromDevice(this, target, offsetBytes);
  }

  readSome(target: Uint8Array, offsetBytes: number, isolating: boolean): Promise<number> {
    const end = Math.min(offsetBytes + target.length, this.#currentSizeBytes, this.#deadAt ?? Number.MAX_SAFE_INTEGER);
    const lengthBytes = Math.max(0, Math.min(end - offsetBytes, this.#readBytesMax));
    this.reads.push({ offsetBytes, lengthBytes });
    const bad = this.#unreadable.some((extent) => extent.offsetBytes < offsetBytes + lengthBytes && endOf(extent) > offsetBytes);
    if (bad) return Promise.reject(new SystemFault(isolating ? 'EIO' : 'ENODATA'));
    this.#copyOut(target.subarray(0, lengthBytes), offsetBytes);
    return Promise.resolve(lengthBytes);
  }

  currentSizeBytes(): Promise<number> {
    return Promise.resolve(this.#currentSizeBytes);
  }

  writeFully(source: Uint8Array, offsetBytes: number): Promise<void> {
    this.patch(source, offsetBytes);
    return Promise.resolve();
  }

  /** As {@link writeFully}, at once. */
  patch(source: Uint8Array, offsetBytes: number): void {
    assertInvariant(offsetBytes >= 0 && offsetBytes + source.length <= this.sizeBytes, 'write outside the device', { offsetBytes, lengthBytes: source.length });
    let done = 0;
    while (done < source.length) {
      const at = offsetBytes + done;
      const index = Math.floor(at / PAGE_BYTES);
      const page = this.#pages.get(index) ?? new Uint8Array(PAGE_BYTES);
      this.#pages.set(index, page);
      const count = Math.min(source.length - done, PAGE_BYTES - (at % PAGE_BYTES));
      page.set(source.subarray(done, done + count), at % PAGE_BYTES);
      done += count;
    }
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #copyOut(target: Uint8Array, offsetBytes: number): void {
    let done = 0;
    while (done < target.length) {
      const at = offsetBytes + done;
      const count = Math.min(target.length - done, PAGE_BYTES - (at % PAGE_BYTES));
      const page = this.#pages.get(Math.floor(at / PAGE_BYTES));
      if (page) target.set(page.subarray(at % PAGE_BYTES, (at % PAGE_BYTES) + count), done);
      else target.fill(0, done, done + count);
      done += count;
    }
  }
}
