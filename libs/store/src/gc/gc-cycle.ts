import { setImmediate as nextTurn } from 'node:timers/promises';
import { days, MIB, type PackId } from '@lifeboat/model';
import { StoreFull } from '../errors.js';
import { sealedPathOf } from '../pack/pack-paths.js';
import type { CondemnedPack } from '../pack/pack-states.js';
import type { SegmentReader } from '../pack/segment-reader.js';
import type { PointRef } from '../point/point-files.js';
import { condemnPacks, recordDeletion, rescuePacks } from './change-packs.js';
import { compactPack } from './compact-pack.js';
import { removeDeletedPacks } from './delete-packs.js';
import type { CollectGarbageOptions } from './gc-options.js';
import type { GcPorts } from './gc-ports.js';
import { judgePack, type Judge, type PackVerdict } from './judge-pack.js';
import { findLeftoverPoints, readLeftovers } from './leftover-points.js';
import { markLive, type LiveMark } from './mark-live.js';
import { assertPlausible } from './assert-plausible.js';
import { emptyTrash } from './trash.js';

/** Copies are grouped and compressed anew and may come out a little larger; header, footer and names of a new pack come on top. */
const copyMarginShare = 0.1;
const copyMarginBytes = 2 * MIB;
const compactBelowLiveRatioDefault = 0.6;
/** Point files without a record stay at least this long: they may be all that is left of a ledger that lost its end. */
const leftoverAgeMinMs = days(1);

/** What one cycle found and did; as in GcReport. */
export type CycleResult = Readonly<{
  epoch: number; mark: LiveMark; packsExamined: number; condemnedPacks: number; rewrittenPacks: number; rescuedPacks: number; deletedPacks: number; keptDamagedPacks: number;
  freedBytes: number; uncommittedPoints: number;
}>;

/** What is remembered from cycle to cycle; a restart forgets it. `leftovers` holds when each was first seen, in trusted time. */
export type GcMemory = { lastMark: LiveMark | undefined; readonly leftovers: Map<string, number> };

/** How a cycle is run; `sealOpenPacks` makes what is in open packs its business too. */
export type CycleOptions = CollectGarbageOptions & Readonly<{ sealOpenPacks: boolean }>;

/** One cycle: begin, mark, condemn, delete what is due, compact. */
export class GcCycle {
  private readonly doomed = new Set<PackId>();
  private freedBytes = 0;
  private keptDamagedPacks = 0;
  private readonly epoch: number;

  constructor(
    private readonly ports: GcPorts,
    private readonly options: CycleOptions,
    private readonly reader: SegmentReader,
  ) {
    this.epoch = ports.states.lastEpoch + 1;
  }

  async run(memory: GcMemory): Promise<CycleResult> {
    const candidates = await this.begin();
    const leftovers = await findLeftoverPoints(this.ports);
    const mark = await markLive(this.ports, this.options, await readLeftovers(this.ports, leftovers.uncommitted));
    assertPlausible({ mark, lastMark: memory.lastMark, packs: candidates.length, purgedPoints: this.ports.points.purgedCount, leftovers: leftovers.uncommitted.length });
    memory.lastMark = mark;
    const judge: Judge = { ports: this.ports, mark, reader: this.reader, doomed: this.doomed, ledgerSeq: this.ports.ledger.lastSeq };
    const verdicts = await this.examine(judge, candidates);
    const condemned = await this.condemn(verdicts.filter(({ neededEntries }) => neededEntries === 0).map(({ packId }) => packId), false);
    const { rescuedPacks, deletedPacks } = await this.settleCondemned(judge);
    const rewrittenPacks = await this.compact(judge, verdicts);
    await this.discardLeftovers(leftovers, memory.leftovers);
    return {
      epoch: this.epoch, mark, packsExamined: candidates.length, condemnedPacks: condemned.length, rewrittenPacks, rescuedPacks, deletedPacks,
      keptDamagedPacks: this.keptDamagedPacks, freedBytes: this.freedBytes, uncommittedPoints: leftovers.uncommitted.length,
    };
  }

  /**
   * Ends what an earlier cycle left half-done, which frees space first, then draws the line: what anything relies on from here on is noted with its pack.
   * @returns the live packs that were sealed before.
   */
  private async begin(): Promise<PackId[]> {
    const { fs, fence, states, uses, appender, inventory, ledger } = this.ports;
    const { signal } = this.options;
    fence.assertWritable();
    this.freedBytes += await fence.guard('the trash could not be emptied', () => emptyTrash(fs, signal));
    this.freedBytes += await removeDeletedPacks(this.ports, await this.leftByCrash(), signal);
    if (this.options.sealOpenPacks && (await this.hasRoomFor(0))) await appender.flushAndSeal();
    // Under the lock: a commit must not be half before and half behind the line.
    const candidates = await this.ports.underCommitLock(() => appender.betweenPuts(() => {
      uses.begin();
      const unsettled = appender.unsettledPacks();
      return inventory.all().filter((packId) => states.isLive(packId) && !unsettled.has(packId));
    }));
    states.apply(await ledger.append({ type: 'gc.begun', epoch: this.epoch }));
    return candidates;
  }

  /** Deleted packs with files that are still there. */
  private async leftByCrash(): Promise<PackId[]> {
    const left: PackId[] = [];
    for (const packId of this.ports.states.allDeleted()) if (await this.ports.fs.exists(sealedPathOf(packId))) left.push(packId);
    return left;
  }

  private async examine(judge: Judge, candidates: readonly PackId[]): Promise<PackVerdict[]> {
    const verdicts: PackVerdict[] = [];
    for (const [index, packId] of candidates.entries()) {
      this.options.signal?.throwIfAborted();
      const verdict = await judgePack(judge, packId);
      if (!verdict) this.keptDamagedPacks += 1;
      else {
        verdicts.push(verdict);
        // From here on nothing else is given up because this pack has a copy of it.
        if (verdict.neededEntries === 0) this.doomed.add(packId);
      }
      this.options.onProgress?.({ phase: 'condemn', done: index + 1, total: candidates.length });
      await nextTurn();
    }
    return verdicts;
  }

  private condemn(packIds: readonly PackId[], rewritten: boolean): Promise<PackId[]> {
    return condemnPacks(this.ports, packIds, { epoch: this.epoch, rewritten, trustedMs: this.options.trustedNowMs });
  }

  /** Packs of earlier cycles whose quarantine is over go when this mark needs nothing of them, and live again when it does. */
  private async settleCondemned(judge: Judge): Promise<{ rescuedPacks: number; deletedPacks: number }> {
    const { trustedNowMs, quarantineMs, signal, onProgress } = this.options;
    const due = this.ports.states.allCondemned().filter(({ epoch, trustedMs }) => (
      epoch < this.epoch && (quarantineMs === 0 || (trustedMs !== null && trustedNowMs - trustedMs >= quarantineMs))
    ));
    const needed: CondemnedPack[] = [];
    const dead: CondemnedPack[] = [];
    for (const pack of due) {
      signal?.throwIfAborted();
      const verdict = await judgePack(judge, pack.packId);
      if (!verdict) this.keptDamagedPacks += 1;
      else (verdict.neededEntries > 0 ? needed : dead).push(pack);
      await nextTurn();
    }
    const rescued = await rescuePacks(this.ports, needed);
    const deleted = await recordDeletion(this.ports, dead);
    for (const [index, packId] of deleted.entries()) {
      this.freedBytes += await removeDeletedPacks(this.ports, [packId], signal);
      onProgress?.({ phase: 'delete', done: index + 1, total: deleted.length });
    }
    return { rescuedPacks: rescued.length, deletedPacks: deleted.length };
  }

  /** Least live first: that frees most for what is written. @returns packs that were rewritten and condemned. */
  private async compact(judge: Judge, verdicts: readonly PackVerdict[]): Promise<number> {
    const { signal, onProgress, compactBelowLiveRatio = compactBelowLiveRatioDefault } = this.options;
    const ratioOf = ({ neededBytes, recordBytes }: PackVerdict): number => neededBytes / recordBytes;
    const worthwhile = verdicts.filter((verdict) => verdict.neededEntries > 0 && ratioOf(verdict) < compactBelowLiveRatio).sort((a, b) => ratioOf(a) - ratioOf(b));
    let rewrittenPacks = 0;
    for (const [index, { packId, neededBytes }] of worthwhile.entries()) {
      signal?.throwIfAborted();
      if (!(await this.hasRoomFor(neededBytes))) break;
      const outcome = await compactPack(judge, packId, signal);
      if (outcome === 'full') break;
      if (outcome === 'damaged') this.keptDamagedPacks += 1;
      else {
        this.doomed.add(packId);
        rewrittenPacks += (await this.condemn([packId], true)).length;
      }
      onProgress?.({ phase: 'compact', done: index + 1, total: worthwhile.length });
    }
    return rewrittenPacks;
  }

  /** Copies may take what the reserve holds: that is what it is for, and the pack that goes afterwards gives it back. */
  private async hasRoomFor(neededBytes: number): Promise<boolean> {
    const { fs, appender } = this.ports;
    return (await fs.statfs()).freeBytes + appender.reserveBytes >= neededBytes + Math.ceil(neededBytes * copyMarginShare) + copyMarginBytes;
  }

  private async discardLeftovers({ purged, uncommitted }: Readonly<{ purged: readonly PointRef[]; uncommitted: readonly PointRef[] }>, seen: Map<string, number>): Promise<void> {
    const { trustedNowMs, quarantineMs } = this.options;
    const old = uncommitted.filter(({ machineId, pointId }) => trustedNowMs - (seen.get(`${machineId}/${pointId}`) ?? trustedNowMs) >= Math.max(quarantineMs, leftoverAgeMinMs));
    const firstSeen = uncommitted.map(({ machineId, pointId }) => [`${machineId}/${pointId}`, seen.get(`${machineId}/${pointId}`) ?? trustedNowMs] as const);
    seen.clear();
    for (const [key, atMs] of firstSeen) seen.set(key, atMs);
    for (const point of [...purged, ...old]) await this.discardPoint(point);
  }

  /** On a full disk the files wait for the next cycle. */
  private async discardPoint(point: PointRef): Promise<void> {
    const { points, pointFiles, fence, underCommitLock } = this.ports;
    try {
      await underCommitLock(async () => {
        if (!points.find(point.machineId, point.pointId)) await fence.guard('a point file could not be moved to the trash', () => pointFiles.discard(point));
      });
    } catch (error) {
      if (!(error instanceof StoreFull)) throw error;
    }
  }
}
