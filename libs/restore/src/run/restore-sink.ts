import { endOf, MIB, type Extent } from '@lifeboat/model';
import { isAllZero } from '@lifeboat/codec';
import type { BlockWriter } from '@lifeboat/block-device';

const zeros = new Uint8Array(MIB);
const pageBytes = 4096;

type Held = { readonly extent: Extent; readonly bytes: Uint8Array };

/**
 * Writes onto a disk while it holds some places back: the first bytes of what is restored. They are cleared before anything else is
 * written and put in place at the very end, so that a restore that broke off never looks like a working disk.
 */
export class RestoreSink {
  private readonly held: readonly Held[];

  /** @param options.held short extents, in order, not overlapping. @param options.readsAsZeros the target is fresh: zeros need no writing. */
  constructor(
    private readonly writer: BlockWriter,
    private readonly options: Readonly<{ held: readonly Extent[]; readsAsZeros: boolean }>,
  ) {
    this.held = options.held.map((extent) => ({ extent, bytes: new Uint8Array(extent.lengthBytes) }));
  }

  /** Clears the held places durably. */
  async begin(): Promise<void> {
    if (this.options.readsAsZeros) return;
    for (const { extent } of this.held) await this.writer.writeFully(new Uint8Array(extent.lengthBytes), extent.offsetBytes);
    await this.writer.sync();
  }

  /** Writes `bytes` at `offsetBytes` of the disk, keeping what belongs to a held place. */
  async write(bytes: Uint8Array, offsetBytes: number): Promise<void> {
    for (const part of this.partsOf({ offsetBytes, lengthBytes: bytes.length })) {
      const slice = bytes.subarray(part.offsetBytes - offsetBytes, endOf(part) - offsetBytes);
      if (part.held) part.held.bytes.set(slice, part.offsetBytes - part.held.extent.offsetBytes);
      else await this.writer.writeFully(slice, part.offsetBytes);
    }
  }

  /** Makes `extent` read as zeros; on a fresh target it does already and stays a hole. */
  async zero(extent: Extent, signal?: AbortSignal): Promise<void> {
    if (!this.options.readsAsZeros) await this.overwriteWithZeros(extent, signal);
  }

  /** Writes zeros even to a fresh target, for places that were written before. */
  async overwriteWithZeros(extent: Extent, signal?: AbortSignal): Promise<void> {
    for (let at = extent.offsetBytes; at < endOf(extent); at += zeros.length) {
      signal?.throwIfAborted();
      await this.write(zeros.subarray(0, Math.min(zeros.length, endOf(extent) - at)), at);
    }
  }

  /** Makes everything durable, then puts the held places in and makes them durable too. */
  async finish(): Promise<void> {
    await this.writer.sync();
    for (const { extent, bytes } of this.held) {
      for (let at = 0; at < bytes.length; at += pageBytes) {
        const page = bytes.subarray(at, at + pageBytes);
        // The place was cleared at the beginning; pages of zeros stay holes in a sparse file.
        if (!isAllZero(page)) await this.writer.writeFully(page, extent.offsetBytes + at);
      }
    }
    await this.writer.sync();
  }

  private *partsOf(extent: Extent): Generator<Extent & { held: Held | null }> {
    let at = extent.offsetBytes;
    for (const held of this.held) {
      const start = Math.max(at, held.extent.offsetBytes);
      const end = Math.min(endOf(extent), endOf(held.extent));
      if (start >= end) continue;
      if (at < start) yield { offsetBytes: at, lengthBytes: start - at, held: null };
      yield { offsetBytes: start, lengthBytes: end - start, held };
      at = end;
    }
    if (at < endOf(extent)) yield { offsetBytes: at, lengthBytes: endOf(extent) - at, held: null };
  }
}
