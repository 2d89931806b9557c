import { digestOf } from '@lifeboat/codec';
import { assertInvariant, endOf, PageTreeBuilder, type Digest, type Extent } from '@lifeboat/model';
import type { BatchFrame, SessionOpen, VolumeEndFrame } from '@lifeboat/protocol';
import { BaseDamaged, FrameOutOfPlace, RefWithoutBase, VolumeRootMismatch } from '../errors.js';
import type { IngestStore } from '../ingest-store.js';
import type { JournalFrame } from '../journal/journal-format.js';
import { hasBase, type BaseMap, type VolumeBase } from './base-map.js';
import { assertBatchInPlace, verifyChunks } from './check-frame.js';
import { assertRefill } from './refill.js';
import { snapshotAfter, type SessionSnapshot } from './session-snapshot.js';

/** What a session works with: the same for its whole life. */
export type SessionContext = Readonly<{
  store: IngestStore;
  volumes: SessionOpen['volumes'];
  bases: readonly VolumeBase[];
  baseMaps: readonly BaseMap[];
}>;

/** Frames that wait for the next group commit, and the session as it is after them. */
export type PendingGroup = Readonly<{ frames: readonly JournalFrame[]; snapshot: SessionSnapshot }>;

/** Codes of errors that {@link LiveSession.take} throws before it has changed anything. */
export const refusals: ReadonlySet<string> = new Set(['FRAME_OUT_OF_PLACE', 'FRAME_INVALID', 'REF_WITHOUT_BASE', 'REF_CUTS_CHUNK']);

/** Codes of errors after which no frame of this agent's session can be believed. */
export const breaches: ReadonlySet<string> = new Set(['CHUNK_DIGEST_MISMATCH', 'STORED_BYTES_INVALID', 'VOLUME_ROOT_MISMATCH']);

/**
 * The part of a session that lives in memory only: half-built page trees and frames that are not durable yet. When anything goes wrong it is
 * thrown away as a whole and rebuilt from the journal, by the code that also serves after a crash.
 */
export class LiveSession {
  private readonly builders: (PageTreeBuilder | undefined)[];
  private readonly pages: Readonly<{ digest: Digest; bytes: Uint8Array }>[] = [];
  /** Pages stored of volumes that have not ended: no map names them yet. */
  readonly halfDonePages = new Set<Digest>();
  private pending: JournalFrame[] = [];
  private taking: BatchFrame | undefined;
  private storedBytes = 0;

  /** @param taken what the journal knows; volumes that are half done in it must be replayed before the next frame. */
  constructor(
    private readonly context: SessionContext,
    private taken: SessionSnapshot,
  ) {
    this.builders = context.volumes.map(({ lengthBytes }, volume) =>
      taken.volumes[volume]?.ended ? undefined : new PageTreeBuilder(lengthBytes, digestOf, (page) => this.pages.push(page)));
  }

  get snapshot(): SessionSnapshot {
    return this.taken;
  }

  /** Adds a durable batch again to the map of a volume that has not ended; its chunks are in the store. */
  async replay(frame: BatchFrame): Promise<void> {
    if (this.builders[frame.volume]) await this.addEntries(frame);
  }

  /** Takes the next frame, whose sequence the caller has checked. Errors before the first change leave everything as it was, see `refusals`. */
  async take(frame: BatchFrame | VolumeEndFrame): Promise<void> {
    this.storedBytes = 0;
    try {
      const journaled = frame.type === 'batch' ? await this.takeBatch(frame) : await this.takeVolumeEnd(frame);
      this.pending.push(journaled);
      this.taken = snapshotAfter(this.taken, journaled);
    } finally {
      this.taking = undefined;
    }
  }

  /**
   * Ends the map of a half-done volume early: what it covers, then what is left of its own base's prefix, then nothing claimed. Uses the map up.
   * @returns the root and how many bytes mean anything; undefined when none do.
   */
  async finishPrefix(volume: number): Promise<NonNullable<VolumeBase['prefix']> | undefined> {
    const lengthBytes = this.placeOf(volume)?.lengthBytes ?? 0;
    const ended = this.taken.volumes[volume]?.ended;
    if (ended) return { mapRoot: ended.mapRoot, lengthBytes };
    const builder = this.builders[volume];
    assertInvariant(builder !== undefined, 'a volume has ended or has a builder');
    const inherited = this.context.bases[volume]?.prefix?.lengthBytes ?? 0;
    const from = builder.coveredBytes;
    if (inherited > from) await this.addUnchanged(builder, volume, { offsetBytes: from, lengthBytes: inherited - from });
    const end = builder.coveredBytes;
    if (end === 0) return undefined;
    if (end < lengthBytes) builder.push({ kind: 'unallocated', offsetBytes: end, lengthBytes: lengthBytes - end });
    const mapRoot = builder.finish();
    await this.putPages();
    return { mapRoot, lengthBytes: end };
  }

  /** The chunks of the frame that is being taken and of those since the last {@link takePending}. */
  *pendingChunks(): Generator<Digest> {
    for (const frame of [...(this.taking ? [this.taking] : []), ...this.pending.map((one) => one.frame)]) {
      if (frame.type === 'batch') for (const entry of frame.entries) if (entry.kind === 'data') yield entry.digest;
    }
  }

  /** The frames taken since the last call. */
  takePending(): PendingGroup {
    const frames = this.pending;
    this.pending = [];
    return { frames, snapshot: this.taken };
  }

  private async takeBatch(frame: BatchFrame): Promise<JournalFrame> {
    const place = this.placeOf(frame.volume);
    const ended = this.taken.volumes[frame.volume]?.ended;
    if (ended && place) await assertRefill(frame, { number: frame.volume, mapRoot: ended.mapRoot, lengthBytes: place.lengthBytes }, this.context.store.readPage);
    else {
      assertBatchInPlace(frame, place);
      await this.assertRefsResolve(frame);
    }
    // Known from before the first chunk is put: garbage collection may ask at any moment what this session counts on.
    this.taking = frame;
    const verified = verifyChunks(frame, digestOf);
    if (verified) this.storedBytes += (await this.context.store.putSegment({ ...verified, codec: frame.codec, payload: frame.payload })).storedBytes;
    if (!ended) await this.addEntries(frame);
    return {
      receivedBytes: frame.payload.length, plainBytes: frame.plainLengthBytes, storedBytes: this.storedBytes, counts: null,
      frame: { ...frame, codec: 'raw', plainLengthBytes: 0, payload: new Uint8Array(0) },
    };
  }

  private async takeVolumeEnd(frame: VolumeEndFrame): Promise<JournalFrame> {
    const { volume } = frame;
    const place = this.placeOf(volume);
    const builder = this.builders[volume];
    if (!place) throw new FrameOutOfPlace('there is no such volume in this session', { volume });
    if (!builder) throw new FrameOutOfPlace('the volume has ended', { volume });
    if (place.coveredBytes !== place.lengthBytes) throw new FrameOutOfPlace('the volume is not complete', { volume, offsetBytes: place.coveredBytes, expectedBytes: place.lengthBytes });
    const actual = builder.finish();
    // From here the builder is used up: a mismatch aborts the session, any other error parks it.
    if (actual !== frame.mapRoot) throw new VolumeRootMismatch({ volume, expected: frame.mapRoot, actual });
    await this.putPages();
    this.builders[volume] = undefined;
    if (this.builders.every((other) => other === undefined)) this.halfDonePages.clear();
    return { receivedBytes: 0, plainBytes: 0, storedBytes: this.storedBytes, counts: builder.counts, frame };
  }

  private async assertRefsResolve(frame: BatchFrame): Promise<void> {
    for (const entry of frame.entries) {
      if (entry.kind !== 'ref') continue;
      const base = this.context.bases[frame.volume];
      if (!base || !hasBase(base)) throw new RefWithoutBase({ volume: frame.volume, offsetBytes: entry.offsetBytes });
      await this.baseMapOf(frame.volume).assertWholeChunks(entry);
    }
  }

  private async addEntries(frame: BatchFrame): Promise<void> {
    const builder = this.builders[frame.volume];
    assertInvariant(builder !== undefined, 'only a volume that has not ended takes entries');
    for (const entry of frame.entries) {
      if (entry.kind === 'ref') await this.addUnchanged(builder, frame.volume, entry);
      else builder.push(entry);
    }
    await this.putPages();
  }

  private async addUnchanged(builder: PageTreeBuilder, volume: number, range: Extent): Promise<void> {
    for await (const entry of this.baseMapOf(volume).entries({ offsetBytes: range.offsetBytes, lengthBytes: range.lengthBytes })) {
      // A chunk that the base names but the store has lost would only be found at the commit, after everything was sent.
      if (entry.kind === 'data' && !this.context.store.has(entry.digest)) throw new BaseDamaged({ volume, offsetBytes: entry.offsetBytes });
      builder.push(entry);
      if (this.pages.length > 0) await this.putPages();
    }
    assertInvariant(builder.coveredBytes === endOf(range), 'a base covers its whole volume');
  }

  private async putPages(): Promise<void> {
    for (const page of this.pages) this.halfDonePages.add(page.digest);
    for (const page of this.pages) this.storedBytes += (await this.context.store.putPage({ digest: page.digest, bytes: page.bytes })).storedBytes;
    this.pages.length = 0;
  }

  private baseMapOf(volume: number): BaseMap {
    const map = this.context.baseMaps[volume];
    assertInvariant(map !== undefined, 'every volume has a base map');
    return map;
  }

  private placeOf(volume: number): { lengthBytes: number; coveredBytes: number; ended: boolean } | undefined {
    const described = this.context.volumes[volume];
    const progress = this.taken.volumes[volume];
    return described && progress ? { lengthBytes: described.lengthBytes, coveredBytes: progress.coveredBytes, ended: progress.ended !== null } : undefined;
  }
}
