import type { BlockReader } from '@lifeboat/block-device';
import { digestOf, isAllZero } from '@lifeboat/codec';
import { endOf, intersectExtents, invertExtents, PageTreeBuilder, type Digest, type Extent, type MapCounts, type MapEntry } from '@lifeboat/model';
import type { BaseCursor } from '../base-map/base-cursor.js';
import type { MapFileWriter } from '../base-map/map-file.js';
import { BatchBuilder, type Batch } from './batch-builder.js';
import { chunksOf, cutSpans, type CutPlan } from './cut-spans.js';
import { readAhead } from './read-ahead.js';
import { touchesAny } from './wanted-ranges.js';
import type { ReadSpan } from './read-span.js';

/** Where batches go. Resolves when there is credit to go on; the batch has been encoded by then. */
export type SendBatch = (batch: Batch) => Promise<void>;

/** Bytes of a volume while and after it is captured. */
export type CaptureCounters = { read: number; changed: number };

export type CaptureTask = Readonly<{
  reader: BlockReader;
  plan: CutPlan;
  base: BaseCursor | null;
  /** The base is only what an interrupted run of the same backup left: what it has counts as changed all the same. */
  referencesAreNew: boolean;
  /** Ranges to send even where the base has them, sorted and merged: the server lost bytes there. */
  wants: readonly Extent[];
  map: MapFileWriter;
  send: SendBatch;
  /** Told of every span, for progress. */
  onSpan: (done: Readonly<{ read: number; changed: number }>) => void;
  signal: AbortSignal;
}>;

export type VolumeResult = Readonly<{ mapRoot: Digest; counts: MapCounts; unreadable: readonly Extent[]; read: number; changed: number }>;

/** Unreadable places remembered one by one for the warning; all are in the map. */
const unreadableListMax = 16;

/**
 * Reads a volume from start to end and sends what the base does not have: data, zeros, unallocated and unreadable runs, and REF for the rest.
 * Nothing read in an earlier run is trusted.
 *
 * @throws as `readFully`, except UNREADABLE_SECTORS; what `send` throws; the signal's reason.
 */
export async function captureVolume(task: CaptureTask): Promise<VolumeResult> {
  const capture = new VolumeCapture(task);
  for await (const captured of readAhead(task.reader, cutSpans(task.plan))) {
    task.signal.throwIfAborted();
    if (captured.kind === 'unallocated') await capture.addUnallocated(captured.span);
    else await capture.addSpan(captured);
  }
  return capture.finish();
}

class VolumeCapture {
  private readonly batch = new BatchBuilder();
  private readonly tree: PageTreeBuilder;
  private readonly unreadable: Extent[] = [];
  private readonly counters: CaptureCounters = { read: 0, changed: 0 };

  constructor(private readonly task: CaptureTask) {
    this.tree = new PageTreeBuilder(task.plan.lengthBytes, digestOf, () => undefined);
  }

  async addUnallocated(span: Extent): Promise<void> {
    await this.makeRoom(0);
    const range = { offsetBytes: span.offsetBytes, lengthBytes: span.lengthBytes };
    this.batch.addRun('unallocated', range);
    this.record({ kind: 'unallocated', ...range });
  }

  async addSpan(read: ReadSpan): Promise<void> {
    await this.task.base?.load(read.span);
    const changedBefore = this.counters.changed;
    for (const chunk of chunksOf(read.span)) {
      for (const piece of splitUnreadable(chunk, read)) {
        // The loop waits only when something is full, not once per chunk.
        if (this.needsRoom(piece.lengthBytes)) await this.makeRoom(piece.lengthBytes);
        this.addPiece(piece, read);
      }
    }
    this.counters.read += read.span.lengthBytes;
    this.task.onSpan({ read: read.span.lengthBytes, changed: this.counters.changed - changedBefore });
  }

  async finish(): Promise<VolumeResult> {
    await this.task.base?.close();
    if (!this.batch.isEmpty) await this.task.send(this.batch.take());
    await this.task.map.finish();
    const mapRoot = this.tree.finish();
    return { mapRoot, counts: this.tree.counts, unreadable: this.unreadable, ...this.counters };
  }

  private addPiece(piece: Extent & { bad: boolean }, read: ReadSpan): void {
    const range = { offsetBytes: piece.offsetBytes, lengthBytes: piece.lengthBytes };
    const at = piece.offsetBytes - read.span.offsetBytes;
    const bytes = read.bytes.subarray(at, at + piece.lengthBytes);
    if (piece.bad) this.addUnreadable(range);
    else if (isAllZero(bytes)) this.addZero(range);
    else this.addChunk({ kind: 'data', ...range, digest: digestOf(bytes) }, bytes);
  }

  private addUnreadable(range: Extent): void {
    if (this.unreadable.length < unreadableListMax) this.unreadable.push(range);
    this.counters.changed += range.lengthBytes;
    this.batch.addRun('unreadable', range);
    this.record({ kind: 'unreadable', ...range });
  }

  private addZero(range: Extent): void {
    if (this.task.base?.hasContent(range)) this.counters.changed += range.lengthBytes;
    this.batch.addRun('zero', range);
    this.record({ kind: 'zero', ...range });
  }

  private addChunk(entry: MapEntry & { kind: 'data' }, bytes: Uint8Array): void {
    const isKnown = this.task.base?.hasChunk(entry, entry.digest) === true;
    if (!isKnown || this.task.referencesAreNew) this.counters.changed += entry.lengthBytes;
    if (isKnown && !touchesAny(this.task.wants, entry)) this.batch.addRun('ref', entry);
    else this.batch.addChunk(entry, bytes);
    this.record(entry);
  }

  private needsRoom(lengthBytes: number): boolean {
    return this.batch.isFull(lengthBytes) || this.task.map.isFull;
  }

  private async makeRoom(lengthBytes: number): Promise<void> {
    if (this.batch.isFull(lengthBytes)) await this.task.send(this.batch.take());
    if (this.task.map.isFull) await this.task.map.writeBlock();
  }

  private record(entry: MapEntry): void {
    this.tree.push(entry);
    this.task.map.push(entry);
  }
}

/** The parts of a chunk that could and could not be read, in order. Usually one. */
function splitUnreadable(chunk: Extent, read: ReadSpan): (Extent & { bad: boolean })[] {
  if (read.unreadable.length === 0) return [{ ...chunk, bad: false }];
  const inSpan = { offsetBytes: chunk.offsetBytes - read.span.offsetBytes, lengthBytes: chunk.lengthBytes };
  const bad = intersectExtents(read.unreadable, [inSpan]);
  const good = intersectExtents(invertExtents(bad, endOf(inSpan)), [inSpan]);
  const pieces = [...bad.map((extent) => ({ ...extent, bad: true })), ...good.map((extent) => ({ ...extent, bad: false }))];
  return pieces
    .sort((a, b) => a.offsetBytes - b.offsetBytes)
    .map((piece) => ({ offsetBytes: piece.offsetBytes + read.span.offsetBytes, lengthBytes: piece.lengthBytes, bad: piece.bad }));
}
