import { MIB } from '@lifeboat/model';
import { SegmentReader } from '../pack/segment-reader.js';
import { GcCycle, type CycleResult, type GcMemory } from './gc-cycle.js';
import { GcRunning } from './gc-errors.js';
import type { CollectGarbageOptions, GcReport } from './gc-options.js';
import type { GcPorts } from './gc-ports.js';

/** Expanded segments the collector keeps beside the store's own. */
const readerCacheBytes = 8 * MIB;
/** Cycles of one call without quarantine: dead packs, then rewritten ones, then what those uncovered; more would only chase a running backup. */
const cyclesMax = 4;

/** Collects the garbage of one store, one collection at a time. */
export class GarbageCollector {
  private running: Promise<GcReport> | undefined;
  private readonly memory: GcMemory = { lastMark: undefined, leftovers: new Map() };
  private readonly reader: SegmentReader;

  constructor(private readonly ports: GcPorts) {
    this.reader = new SegmentReader(ports.packFiles, readerCacheBytes);
  }

  /** See Store.collectGarbage. */
  async collect(options: CollectGarbageOptions): Promise<GcReport> {
    if (this.running) throw new GcRunning();
    this.running = this.runCycles(options);
    try {
      return await this.running;
    } finally {
      this.running = undefined;
    }
  }

  /** Resolves when no collection is at work, however the last one ended. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.running]);
  }

  private async runCycles(options: CollectGarbageOptions): Promise<GcReport> {
    const startedMs = this.ports.monotonicMs();
    const results: CycleResult[] = [];
    let last: CycleResult;
    // Without quarantine what was condemned goes at once. It still takes a second mark, of everything, that needs nothing of it.
    do {
      last = await new GcCycle(this.ports, { ...options, sealOpenPacks: results.length === 0 }, this.reader).run(this.memory);
      results.push(last);
    } while (options.quarantineMs === 0 && last.condemnedPacks + last.rewrittenPacks > 0 && results.length < cyclesMax);
    return this.report(results, last, startedMs);
  }

  private report(results: readonly CycleResult[], last: CycleResult, startedMs: number): GcReport {
    const { states, inventory } = this.ports;
    const sum = (count: (result: CycleResult) => number): number => results.reduce((total, result) => total + count(result), 0);
    return {
      epoch: last.epoch, livePlainBytes: last.mark.livePlainBytes, liveChunks: last.mark.liveChunks, packsExamined: last.packsExamined,
      condemnedPacks: sum((result) => result.condemnedPacks), rewrittenPacks: sum((result) => result.rewrittenPacks),
      rescuedPacks: sum((result) => result.rescuedPacks), deletedPacks: sum((result) => result.deletedPacks),
      keptDamagedPacks: last.keptDamagedPacks, freedBytes: sum((result) => result.freedBytes),
      reclaimableBytes: states.allCondemned().reduce((total, { packId }) => total + inventory.sizeOf(packId), 0),
      uncommittedPoints: last.uncommittedPoints, durationMs: this.ports.monotonicMs() - startedMs,
    };
  }
}
