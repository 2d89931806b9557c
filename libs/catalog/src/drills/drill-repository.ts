import type { DrillId, LedgerEvent, MachineId } from '@lifeboat/model';

type DrillFinished = Extract<LedgerEvent, { type: 'drill.finished' }>;

/** A fire drill that ended, as its ledger record tells it. `seq` orders drills. */
export type DrillRecord = Readonly<Omit<DrillFinished, 'type'>> & Readonly<{ seq: number }>;

export type DrillQuery = Readonly<{ limit: number; machineId?: MachineId; beforeSeq?: number }>;

/** The drills that ended, those of points and machines that are gone included. */
export interface DrillRepository {
  /** Newest first; at most 1000. */
  list(query: DrillQuery): Promise<readonly DrillRecord[]>;
  find(drillId: DrillId): Promise<DrillRecord | undefined>;
  /** The newest drill of each machine and level, of any verdict; in no particular order. */
  newestOfEach(): Promise<readonly DrillRecord[]>;
}
