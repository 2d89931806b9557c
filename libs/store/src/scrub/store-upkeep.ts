import { isLifeboatError, type Clock, type Digest, type LedgerEvent, type LedgerRecord, type PackId } from '@lifeboat/model';
import type { WriteFence } from '../concurrency/write-fence.js';
import { ChunkDamaged, ChunkMissing } from '../errors.js';
import { errnoOf } from '../fs/errno.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { ChunkIndex, ChunkPlace } from '../index/chunk-index.js';
import type { PackAppender } from '../pack/pack-appender.js';
import type { PackFiles } from '../pack/pack-files.js';
import type { PackInventory } from '../pack/pack-inventory.js';
import type { PackStates } from '../pack/pack-states.js';
import { sealedPathOf } from '../pack/pack-paths.js';
import type { SegmentReader } from '../pack/segment-reader.js';
import { ParityWriter } from '../parity/parity-writer.js';
import { PackRepairs } from '../repair/pack-repairs.js';
import type { RepairReport } from '../repair/repair-report.js';
import type { Want } from '../repair/wants-file.js';
import type { Wants } from '../repair/wants.js';
import type { ScrubLog } from './scrub-log.js';
import type { ScrubOptions, ScrubReport } from './scrub-report.js';
import { Scrubber } from './scrubber.js';

/** The parts of a store that are looked after. */
export type UpkeepPorts = Readonly<{
  fs: StoreFs; fence: WriteFence; clock: Clock; index: ChunkIndex; states: PackStates; inventory: PackInventory; appender: PackAppender; packFiles: PackFiles; reader: SegmentReader;
  wants: Wants; scrubLog: ScrubLog;
  /** Appends an event and takes it into account everywhere. */
  record: (event: LedgerEvent) => Promise<LedgerRecord>;
  /** Runs alone among commits, purges, condemnations and deletions. */
  underCommitLock: <T>(task: () => Promise<T>) => Promise<T>;
  onDamage?: ((report: RepairReport) => void) | undefined;
  /** Make parity as packs are sealed. */
  makesParity: boolean;
}>;

/** The list as it was serves as well: it names too much, never too little. */
function passOverFailedDisk(error: unknown): void {
  if (errnoOf(error) === undefined) throw error;
}

/** Failures of a read that are the disk's, not of the moment: worth a look at the pack. */
const damageCodes: ReadonlySet<string> = new Set(['EIO', 'STORE_SHORT_READ', 'STORED_BYTES_INVALID']);

/** Parity, scrub and healing of a store: what keeps its bytes readable for years. */
export class StoreUpkeep {
  private readonly repairs: PackRepairs;
  private readonly scrubber: Scrubber;
  private readonly parity: ParityWriter;

  constructor(private readonly ports: UpkeepPorts) {
    const { scrubLog: log, underCommitLock: exclusively, ...rest } = ports;
    this.repairs = new PackRepairs({ ...rest, exclusively });
    this.scrubber = new Scrubber({ ...rest, log, repairs: this.repairs, exclusively });
    this.parity = new ParityWriter((packId) => this.repairs.protect(packId));
    if (ports.makesParity) ports.appender.onSealed = (packId) => { this.parity.enqueue(packId); };
  }

  /** See Store.scrub. */
  scrub(options: ScrubOptions): Promise<ScrubReport> {
    return this.scrubber.scrub(options);
  }

  /** The error for a digest that is found nowhere: damaged when it was once there. */
  missing(digest: Digest): ChunkMissing | ChunkDamaged {
    const want = this.ports.wants.find(digest);
    return want ? new ChunkDamaged({ digest, packId: want.packId, offsetBytes: want.recordOffset, reason: 'lost; an agent that still has it heals it' }) : new ChunkMissing(digest);
  }

  /**
   * Bytes of a chunk whose read failed with `damage`, when there is any way to them.
   * @throws `damage` when there is none; the content is a want then, if it is the disk that failed.
   */
  async recover(digest: Digest, place: ChunkPlace, damage: ChunkDamaged): Promise<Uint8Array> {
    const code = errnoOf(damage.cause);
    // The pack could not be looked at, e.g. for lack of file descriptors: that says nothing about its bytes.
    if (code !== undefined && !damageCodes.has(code)) throw damage;
    const bytes = (await this.isSealed(place.packId)) ? await this.recoverSealed(digest, place, damage) : await this.recoverOpen(digest, place, damage);
    if (!bytes) throw damage;
    return bytes;
  }

  /** Content that is lost, in the order it was found to be. */
  wants(): Want[] {
    return this.ports.wants.list();
  }

  /** Tells whether a digest is lost. */
  isWanted(digest: Digest): boolean {
    return this.ports.wants.find(digest) !== undefined;
  }

  /** Waits for a scrub whose signal ends it. */
  settleScrub(): Promise<void> {
    return this.scrubber.settle();
  }

  /** Resolves when no parity is being made. */
  settle(): Promise<void> {
    return this.parity.settle();
  }

  /** Ends background work; to be called after the last pack is sealed and before the store may no longer write. */
  async close(): Promise<void> {
    await this.parity.close();
    await this.repairs.close();
    // What came back stays on the durable list until here or the next scrub; a start strikes off what it finds.
    if (!this.ports.fence.isDown) await this.ports.wants.save().catch(passOverFailedDisk);
  }

  private async recoverSealed(digest: Digest, place: ChunkPlace, damage: ChunkDamaged): Promise<Uint8Array | undefined> {
    const { appender, reader } = this.ports;
    try {
      const bytes = await this.repairs.recover(digest, place);
      if (bytes) return bytes;
    } catch (error) {
      if (!isLifeboatError(error) && errnoOf(error) === undefined) throw error;
      throw damage;
    }
    if ((await this.repairs.adoptTwins(new Set([digest]))) === 0) return undefined;
    const twin = appender.locate(digest);
    return twin && reader.read(digest, twin);
  }

  private async recoverOpen(digest: Digest, place: ChunkPlace, damage: ChunkDamaged): Promise<Uint8Array | undefined> {
    try {
      return await this.ports.reader.read(digest, place);
    } catch (error) {
      if (!(error instanceof ChunkDamaged)) throw error;
      const again = errnoOf(error.cause);
      if (again === undefined || damageCodes.has(again)) await this.repairs.giveUp(digest, place, String(damage.details['reason']));
      return undefined;
    }
  }

  private isSealed(packId: PackId): Promise<boolean> {
    return this.ports.fs.exists(sealedPathOf(packId));
  }
}
