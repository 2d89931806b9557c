import { compressChunk } from '@lifeboat/codec';
import { MIB, type MapEntry, type RunKind } from '@lifeboat/model';
import { batchEntriesMax, segmentBytesMax, type BatchEntry, type BatchFrame } from '@lifeboat/protocol';

/** A batch leaves when it covers this much, even without any bytes, so that what the server knows durably follows the reading. */
const coveredBytesMax = 64 * MIB;

/** A batch without its place in the session. */
export type Batch = Pick<BatchFrame, 'entries' | 'codec' | 'plainLengthBytes' | 'payload'>;

/** Gathers the consecutive entries of one volume into batches: up to 1 MiB of chunks compressed together, neighbouring runs joined. */
export class BatchBuilder {
  private entries: BatchEntry[] = [];
  private readonly plain = Buffer.allocUnsafeSlow(segmentBytesMax);
  private plainLengthBytes = 0;
  private coveredBytes = 0;

  /** True when an entry of `chunkLengthBytes` of data (0 for a run) would not fit any more: take the batch first. */
  isFull(chunkLengthBytes: number): boolean {
    return this.entries.length >= batchEntriesMax || this.plainLengthBytes + chunkLengthBytes > segmentBytesMax || this.coveredBytes >= coveredBytesMax;
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Adds a run without bytes; joins it to the last entry when that is of the same kind. */
  addRun(kind: RunKind | 'ref', range: Readonly<{ offsetBytes: number; lengthBytes: number }>): void {
    const last = this.entries.at(-1);
    this.coveredBytes += range.lengthBytes;
    if (last?.kind === kind) this.entries[this.entries.length - 1] = { kind, offsetBytes: last.offsetBytes, lengthBytes: last.lengthBytes + range.lengthBytes };
    else this.entries.push({ kind, offsetBytes: range.offsetBytes, lengthBytes: range.lengthBytes });
  }

  /** Adds a chunk with its bytes, which are copied. */
  addChunk(entry: MapEntry & { kind: 'data' }, bytes: Uint8Array): void {
    this.plain.set(bytes, this.plainLengthBytes);
    this.plainLengthBytes += bytes.length;
    this.coveredBytes += bytes.length;
    this.entries.push(entry);
  }

  /** Hands out the batch, compressed, and starts the next. The payload may be a view that {@link addChunk} overwrites: encode it first. */
  take(): Batch {
    const plain = this.plain.subarray(0, this.plainLengthBytes);
    const compressed = plain.length === 0 ? { codec: 'raw' as const, bytes: plain } : compressChunk(plain);
    const batch: Batch = { entries: this.entries, codec: compressed.codec, plainLengthBytes: this.plainLengthBytes, payload: compressed.bytes };
    this.entries = [];
    this.plainLengthBytes = 0;
    this.coveredBytes = 0;
    return batch;
  }
}
