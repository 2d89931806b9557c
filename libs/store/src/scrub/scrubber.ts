import type { Clock, Digest, LedgerEvent, LedgerRecord, PackId } from '@lifeboat/model';
import type { WriteFence } from '../concurrency/write-fence.js';
import { StoreClosed, StoreFull, StoreReadOnly } from '../errors.js';
import { errnoOf } from '../fs/errno.js';
import type { StoreFs } from '../fs/store-fs.js';
import type { PackStates } from '../pack/pack-states.js';
import type { PackRepairs, PackVerdict } from '../repair/pack-repairs.js';
import type { RepairReport } from '../repair/repair-report.js';
import type { Wants } from '../repair/wants.js';
import { listSealedPacks, type SealedPacks } from './list-sealed-packs.js';
import { ScrubRunning } from './scrub-errors.js';
import type { ScrubLog } from './scrub-log.js';
import { ScrubPace } from './scrub-pace.js';
import type { ScrubOptions, ScrubReport, UnreadPack } from './scrub-report.js';
import { agesOf, scrubDeadlineMs, selectDue, type PackAge } from './scrub-schedule.js';

/** Packs of one ledger record. A crash costs at most this much repeated reading. */
const packsPerRecord = 64;
const repairsListedMax = 1000;

/** What a scrub works with; `record` appends an event and takes it into account everywhere. */
export type ScrubPorts = Readonly<{
  fs: StoreFs; fence: WriteFence; clock: Clock; states: PackStates; log: ScrubLog; repairs: PackRepairs; wants: Wants; record: (event: LedgerEvent) => Promise<LedgerRecord>;
  exclusively: <T>(task: () => Promise<T>) => Promise<T>;
}>;

interface Findings {
  packsRead: number;
  damagedPacks: number;
  repairedChunks: number;
  repairedBytes: number;
  parityWritten: number;
  transientPacks: number;
  readonly repairs: RepairReport[];
  readonly unreadPacks: UnreadPack[];
  readonly lost: Map<Digest, number>;
  /** Read and found right, not yet in the ledger. */
  right: PackId[];
}

/** Reads packs before they are needed, and has repaired what is found. One scrub at a time. */
export class Scrubber {
  private running: Promise<ScrubReport> | undefined;
  /** Wants that were there when the last scrub ended, to tell what came back since. */
  private wantedBefore: ReadonlySet<Digest>;

  constructor(private readonly ports: ScrubPorts) {
    this.wantedBefore = new Set(ports.wants.list().map(({ digest }) => digest));
  }

  /** See Store.scrub. */
  async scrub(options: ScrubOptions): Promise<ScrubReport> {
    if (this.running) throw new ScrubRunning();
    this.running = this.scrubOnce(options);
    try {
      return await this.running;
    } finally {
      this.running = undefined;
    }
  }

  /** Resolves when no scrub is under way; its caller has the outcome. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.running]);
  }

  private async scrubOnce(options: ScrubOptions): Promise<ScrubReport> {
    const { fs, fence, clock, states, log, repairs, wants } = this.ports;
    const findings: Findings = { packsRead: 0, damagedPacks: 0, repairedChunks: 0, repairedBytes: 0, parityWritten: 0, transientPacks: 0, repairs: [], unreadPacks: [], lost: new Map(), right: [] };
    const pace = new ScrubPace(clock, options);
    const present = await this.tidy(await listSealedPacks(fs));
    const ages = await agesOf(fs, present, log);
    const chosen = options.packs === 'all' ? ages : selectDue(ages, { nowMs: options.nowMs, deadlineMs: options.deadlineMs ?? scrubDeadlineMs });
    const complete = await this.readPacks(chosen, { options, pace, findings });
    await this.recordRight(findings);
    const adopted = complete ? await repairs.adoptTwins(new Set(findings.lost.keys())) : 0;
    if (!fence.isDown) await fence.guard('the list of lost chunks could not be written', () => wants.save());
    return { complete, ...this.summary(findings, adopted), bytesRead: pace.bytesRead, oldestUnscrubbedAtMs: oldestOf(ages, (packId) => (states.isPresent(packId) ? log.of(packId) : null)) };
  }

  /** False when the signal ended it. */
  private async readPacks(chosen: readonly PackAge[], { options, pace, findings }: Readonly<{ options: ScrubOptions; pace: ScrubPace; findings: Findings }>): Promise<boolean> {
    const { states, repairs } = this.ports;
    for (const [index, { packId }] of chosen.entries()) {
      try {
        await pace.pause();
        if (!states.isPresent(packId)) continue;
        this.take(packId, await repairs.check(packId, { uncached: true, thorough: true, pace: pace.afterRead }), findings);
      } catch (error) {
        if (options.signal?.aborted === true) return false;
        if (error instanceof StoreClosed) return false;
        const code = errnoOf(error);
        if (code === undefined || code === 'DEFECT') throw error;
        if (states.isPresent(packId)) findings.unreadPacks.push({ packId, code });
      }
      if (findings.right.length >= packsPerRecord) await this.recordRight(findings);
      options.onProgress?.({ packsDone: index + 1, packsTotal: chosen.length, bytesRead: pace.bytesRead });
    }
    return true;
  }

  private take(packId: PackId, { report, parityWritten, transient }: PackVerdict, findings: Findings): void {
    findings.packsRead += 1;
    if (transient) findings.transientPacks += 1;
    if (parityWritten) findings.parityWritten += 1;
    if (!report) {
      findings.right.push(packId);
      return;
    }
    findings.damagedPacks += 1;
    findings.repairedChunks += report.repairedChunks;
    findings.repairedBytes += report.repairedBytes;
    for (const { digest, lengthBytes } of report.lost) findings.lost.set(digest, lengthBytes);
    if (findings.repairs.length < repairsListedMax) findings.repairs.push(report);
  }

  /** On a full or failing disk the record waits: the packs are read once more by the next run. */
  private async recordRight(findings: Findings): Promise<void> {
    const packIds = findings.right.filter((packId) => this.ports.states.isPresent(packId));
    findings.right = [];
    if (packIds.length === 0) return;
    try {
      await this.ports.record({ type: 'packs.scrubbed', packIds });
    } catch (error) {
      if (!(error instanceof StoreFull || error instanceof StoreReadOnly || error instanceof StoreClosed)) throw error;
    }
  }

  private summary({ packsRead, damagedPacks, repairedChunks, repairedBytes, parityWritten, transientPacks, repairs, unreadPacks, lost }: Findings, adopted: number): Omit<ScrubReport, 'complete' | 'bytesRead' | 'oldestUnscrubbedAtMs'> {
    const { wants } = this.ports;
    const stillLost = [...lost].filter(([digest]) => wants.find(digest) !== undefined);
    const healed = [...this.wantedBefore].filter((digest) => wants.find(digest) === undefined);
    this.wantedBefore = new Set(wants.list().map(({ digest }) => digest));
    return {
      packsRead, damagedPacks, repairedChunks: repairedChunks + adopted, repairedBytes, parityWritten, transientPacks, repairs, unreadPacks, lostChunks: stillLost.length, lostBytes: stillLost.reduce((sum, [, lengthBytes]) => sum + lengthBytes, 0),
      healedChunks: healed.length, wantedChunks: wants.size,
    };
  }

  /** Finishes quarantines that a crash interrupted, and removes parity whose pack is gone. */
  private async tidy({ packs, orphans }: SealedPacks): Promise<SealedPacks['packs']> {
    const { fs, fence, states, repairs, exclusively } = this.ports;
    const present = new Map([...packs].filter(([packId]) => states.isPresent(packId)));
    if (fence.isDown) return present;
    for (const packId of packs.keys()) {
      if (states.of(packId) === 'quarantined') await exclusively(() => repairs.finishQuarantine(packId));
    }
    for (const path of orphans) await fs.unlink(path);
    return present;
  }
}

function oldestOf(ages: readonly PackAge[], scrubbedAtMs: (packId: PackId) => number | undefined | null): number | null {
  let oldest: number | null = null;
  for (const { packId, knownRightAtMs } of ages) {
    const now = scrubbedAtMs(packId);
    if (now === null) continue;
    const knownMs = Math.max(now ?? 0, knownRightAtMs);
    if (oldest === null || knownMs < oldest) oldest = knownMs;
  }
  return oldest;
}
