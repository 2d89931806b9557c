import type { Clock, Digest, LedgerEvent, LedgerRecord, PackId } from '@lifeboat/model';
import type { WriteFence } from '../concurrency/write-fence.js';
import { errnoOf } from '../fs/errno.js';
import type { StoreFs } from '../fs/store-fs.js';
import { writeDurably } from '../fs/write-durably.js';
import type { ChunkIndex, ChunkPlace } from '../index/chunk-index.js';
import { checksumBlocks, encodeParity } from '../parity/encode-parity.js';
import { encodeParityFile } from '../parity/parity-file.js';
import { parityPathOf } from '../parity/parity-paths.js';
import type { RebuiltBlocks } from '../parity/rebuild-blocks.js';
import type { PackAppender } from '../pack/pack-appender.js';
import type { PackFiles } from '../pack/pack-files.js';
import type { PackInventory } from '../pack/pack-inventory.js';
import type { PackStates } from '../pack/pack-states.js';
import type { SegmentReader } from '../pack/segment-reader.js';
import { expandRecord, type ImageCheck } from '../scrub/check-image.js';
import { inspectPack, rebuildPack, type PackInspection, type PackReading } from '../scrub/inspect-pack.js';
import { carryOver, findLost, findUnlisted, type CarriedOver } from './carry-over.js';
import { findTwins } from './find-twins.js';
import { ImageLane } from './image-lane.js';
import { moveToQuarantine, writeEvidence } from './quarantine-pack.js';
import type { RepairReport } from './repair-report.js';
import type { Wants } from './wants.js';

/** What packs are checked and repaired with. */
export type RepairPorts = Readonly<{
  fs: StoreFs; fence: WriteFence; clock: Clock; index: ChunkIndex; states: PackStates; inventory: PackInventory; appender: PackAppender; packFiles: PackFiles; reader: SegmentReader; wants: Wants;
  /** Appends an event and takes it into account everywhere. */
  record: (event: LedgerEvent) => Promise<LedgerRecord>;
  /** Runs a task while no commit, purge, condemnation or deletion runs. */
  exclusively: <T>(task: () => Promise<T>) => Promise<T>;
  onDamage?: ((report: RepairReport) => void) | undefined;
}>;

/** How a pack was found. `transient`: a first look found damage that a second one, past the cache, did not. */
export type PackVerdict = Readonly<{ readBytes: number; transient: boolean; parityWritten: boolean; report: RepairReport | null }>;

/** How a pack is to be read; see {@link PackReading}. */
export type CheckOptions = Omit<PackReading, 'fs' | 'memory'>;

type Rebuilt = Readonly<{ inspection: PackInspection; blocks: RebuiltBlocks; check: ImageCheck }>;

/**
 * Checks packs and puts damaged ones right: parity first, then copies elsewhere in the store; the rest becomes a want. A damaged pack is never changed: what it held
 * goes into new packs, and the original into `quarantine/`. A crash at any point leaves either the original in use or copies that count.
 *
 * Memory for a pack is lent in two lanes: a check may be paused for long, and readers must not wait for it. Whoever holds a lane never waits for the commit
 * lock, because a commit that reads a damaged page waits for a lane.
 */
export class PackRepairs {
  private readonly scrubLane = new ImageLane();
  private readonly quickLane = new ImageLane();
  private readonly background = new Set<Promise<unknown>>();
  private closed = false;

  constructor(private readonly ports: RepairPorts) {}

  /** Checks every byte of a sealed pack and its parity, repairs the pack, makes the parity when it is missing or damaged. */
  async check(packId: PackId, options: CheckOptions): Promise<PackVerdict> {
    return this.checkIn(this.scrubLane, packId, options);
  }

  /** Makes the parity of a pack that has just been sealed; its checksums must hold. */
  async protect(packId: PackId): Promise<PackVerdict> {
    return this.checkIn(this.quickLane, packId, { uncached: false, thorough: false, pace: () => Promise.resolve() });
  }

  /**
   * Bytes of a chunk that a read found damaged, when its pack's parity gives them back, or when the read was wrong rather than the disk. The pack is repaired on
   * the way. Undefined when the content is lost: it is a want now. A pack that cannot be looked at is the port's error.
   */
  async recover(digest: Digest, place: ChunkPlace): Promise<Uint8Array | undefined> {
    const { fs, appender } = this.ports;
    return this.quickLane.use(async (memory) => {
      const now = appender.locate(digest);
      if (now?.packId !== place.packId) return now && this.ports.reader.read(digest, now);
      const inspection = await inspectPack(place.packId, { fs, memory, uncached: true, thorough: true, pace: () => Promise.resolve() });
      if (inspection.reasons.length === 0) return chunkIn(inspection.image.bytes, inspection.check, { digest, place });
      const rebuilt = { inspection, ...(await rebuildPack(inspection)) };
      const bytes = chunkIn(inspection.image.bytes, rebuilt.check, { digest, place });
      const draft = await this.draftRepair(rebuilt);
      this.inBackground(this.finish(draft));
      return bytes;
    });
  }

  /** Notes content as lost for which there is no parity yet, because its pack is still being written. */
  async giveUp(digest: Digest, place: ChunkPlace, reason: string): Promise<void> {
    const { packId, recordOffset, lengthBytes } = place;
    const want = { digest, lengthBytes, packId, recordOffset };
    this.ports.wants.add([want]);
    this.ports.states.noteLoss();
    this.ports.onDamage?.({ packId, reasons: [reason], rebuiltBlocks: 0, lostBlocks: 0, repairedChunks: 0, repairedBytes: 0, lost: [want], quarantined: false, failure: null });
    if (!this.ports.fence.isDown) await this.ports.wants.save();
  }

  /** Finishes what a crash interrupted: packs that the ledger calls quarantined leave `packs/`. */
  async finishQuarantine(packId: PackId): Promise<void> {
    await moveToQuarantine(this.ports.fs, packId);
    await this.ports.index.removePack(packId, []);
  }

  /** Looks for lost content elsewhere in the store and uses what is found; answers how much that was. */
  async adoptTwins(digests: ReadonlySet<Digest>): Promise<number> {
    const { fs, reader, wants, states, index } = this.ports;
    if (digests.size === 0) return 0;
    const places = await findTwins(digests, { fs, reader, wants, isPresent: (packId) => states.isPresent(packId) });
    await index.replace({ places, packs: [] });
    wants.fulfil(places);
    await wants.save();
    return places.size;
  }

  /** Begins no further change of the store; what is under way ends by itself. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.background);
  }

  private async checkIn(lane: ImageLane, packId: PackId, options: CheckOptions): Promise<PackVerdict> {
    const { draft, ...verdict } = await lane.use(async (memory) => {
      const reading = { fs: this.ports.fs, memory, ...options };
      const first = await inspectPack(packId, reading);
      const isSuspect = first.reasons.length > 0;
      const inspection = isSuspect ? await inspectPack(packId, { ...reading, uncached: true, thorough: true }) : first;
      const readBytes = isSuspect ? first.readBytes + inspection.readBytes : first.readBytes;
      if (inspection.reasons.length > 0) {
        return { readBytes, transient: false, parityWritten: false, draft: await this.draftRepair({ inspection, ...(await rebuildPack(inspection)) }) };
      }
      const parityWritten = inspection.parityState !== 'sound' && (await this.writeParity(inspection));
      return { readBytes, transient: isSuspect, parityWritten, draft: null };
    });
    return { ...verdict, report: draft && (await this.finish(draft)) };
  }

  /** Everything before the quarantine only adds to the store; without space or with a failing disk the original stays as it is. */
  private async draftRepair({ inspection, blocks, check }: Rebuilt): Promise<Draft> {
    const { appender, index, wants, fence, states } = this.ports;
    const { packId, image, reasons } = inspection;
    const pack = { packId, bytes: image.bytes, check };
    const locate = (digest: Digest): ChunkPlace | undefined => appender.locate(digest);
    const lost = findLost(pack, locate);
    if (check.listing.listedBy === 'scan') lost.push(...(await findUnlisted(pack, (from) => index.placesIn(from), locate)));
    let carried: CarriedOver = { chunks: 0, bytes: 0 };
    let failure: string | null = null;
    try {
      carried = await carryOver(pack, { locate, put: (content) => appender.putCopy(content) });
      await appender.flush();
      wants.add(lost);
      await fence.guard('the list of lost chunks could not be written', () => wants.save());
    } catch (error) {
      failure = failureCodeOf(error);
      wants.add(lost);
    }
    if (lost.length > 0) states.noteLoss();
    const report = { packId, reasons, rebuiltBlocks: blocks.rebuilt.length, lostBlocks: blocks.lost.length, repairedChunks: carried.chunks, repairedBytes: carried.bytes, lost, quarantined: false, failure };
    return { report, digests: [...check.records.flatMap(({ entries }) => entries.map(({ digest }) => digest)), ...lost.map(({ digest }) => digest)] };
  }

  private async finish({ report, digests }: Draft): Promise<RepairReport> {
    let finished = report;
    if (report.failure === null) {
      try {
        finished = { ...report, quarantined: await this.ports.exclusively(() => this.quarantine({ ...report, quarantined: true }, digests)) };
      } catch (error) {
        finished = { ...report, failure: failureCodeOf(error) };
      }
    }
    this.ports.onDamage?.(finished);
    return finished;
  }

  private async quarantine(report: RepairReport, digests: readonly Digest[]): Promise<boolean> {
    const { fs, fence, clock, states, index, inventory, packFiles, record } = this.ports;
    const { packId, reasons } = report;
    if (this.closed || !states.isPresent(packId)) return false;
    await fence.guard('a damaged pack could not be moved to quarantine', async () => {
      await writeEvidence(fs, report, clock.nowMs());
      await record({ type: 'packs.quarantined', packIds: [packId], reason: (reasons[0] ?? 'damaged').slice(0, 1000) });
      await moveToQuarantine(fs, packId);
    });
    inventory.remove(packId);
    await packFiles.forget(packId);
    await index.removePack(packId, digests);
    return true;
  }

  private inBackground(task: Promise<unknown>): void {
    const tracked = task.finally(() => this.background.delete(tracked));
    this.background.add(tracked);
  }

  /** The pack has just been found sound. False when there is no space: parity never takes what a backup could use, and is made by a later scrub. */
  private async writeParity({ packId, image }: PackInspection): Promise<boolean> {
    const { fs, fence } = this.ports;
    if (fence.isDown) return false;
    image.parityBytes.fill(0);
    await encodeParity(image);
    const bytes = encodeParityFile({ packId, shape: image.shape, sums: await checksumBlocks(image) }, image.parityBytes);
    if ((await fs.statfs()).freeBytes < freeBytesForParity(bytes.length)) return false;
    await writeDurably(fs, parityPathOf(packId), bytes);
    return true;
  }
}

type Draft = Readonly<{ report: RepairReport; digests: readonly Digest[] }>;

/** The code of a failure of the world; anything else is ours and not caught. */
function failureCodeOf(error: unknown): string {
  const code = errnoOf(error);
  if (code === undefined || code === 'DEFECT') throw error;
  return code;
}

/** Parity is written only while the disk has room for a few more packs. */
function freeBytesForParity(lengthBytes: number): number {
  return lengthBytes * 64;
}

/** The chunk as the image holds it now, verified, in memory of its own. */
function chunkIn(bytes: Uint8Array, { records, damaged }: ImageCheck, { digest, place }: Readonly<{ digest: Digest; place: ChunkPlace }>): Uint8Array | undefined {
  const record = records.find(({ recordOffset }) => recordOffset === place.recordOffset);
  const entry = record?.entries[place.entry];
  if (!record || entry?.digest !== digest || damaged.get(place.recordOffset)?.has(place.entry) === true) return undefined;
  return expandRecord(bytes, record)?.slice(entry.offsetBytes, entry.offsetBytes + entry.lengthBytes);
}
