import { days, defaultRetentionPolicy, defaultStoreSettings, GIB, MachineId, RestorePointId } from '@lifeboat/model';
import type { RetentionMachine, RetentionPoint, RetentionState, StoreSpace } from '../state/retention-state.js';

/** Noon UTC on a Saturday. */
export const testNowMs = Date.UTC(2026, 10, 21, 12);

/** A machine id that sorts by its number. */
export function testMachineId(number: number): MachineId {
  return MachineId.parse(number.toString(16).padStart(32, '0'));
}

/** A point id that tells machine and `seq`. */
export function testPointId(machine: number, seq: number): RestorePointId {
  return RestorePointId.parse(`${machine.toString(16).padStart(16, 'a')}${seq.toString(16).padStart(16, '0')}`);
}

/** A good point that nothing holds; `seq` orders it. */
export function testPoint(change: Partial<RetentionPoint> & Readonly<{ seq: number; createdAtMs: number }>, machine = 1): RetentionPoint {
  return {
    pointId: testPointId(machine, change.seq), state: 'good', usedBytes: 10 * GIB, storedBytes: GIB, changedBytes: 2 * GIB, proofLevel: null, pinnedUntilMs: null, held: false, immutableUntilMs: null, inUse: false,
    condemned: null, approval: 'none', lastBeforeLayoutChange: false, lastBeforeOsChange: false, lastBeforeAnomaly: false, sizes: { uniqueBytes: GIB }, ...change,
  };
}

/** A machine whose points share nothing: each frees its own bytes. */
export function testMachine(change: Partial<RetentionMachine> & Readonly<{ points: readonly RetentionPoint[] }>, number = 1): RetentionMachine {
  return {
    machineId: testMachineId(number), name: `WS-${String(number).padStart(3, '0')}`, tags: [], policy: defaultRetentionPolicy, silent: false, anomaly: false,
    exclusive: change.points.map(({ seq, sizes }) => ({ firstSeq: seq, lastSeq: seq, bytes: sizes.uniqueBytes })), ...change,
  };
}

/** Plenty of room. */
export const testSpace: StoreSpace = {
  sizeBytes: 1000 * GIB, previousSizeBytes: 1000 * GIB, quotaBytes: null, freeBytes: 500 * GIB, reclaimableBytes: 0, reservedBytes: 0, reserveBytes: 20 * GIB, inodesTotal: 0, inodesFree: 0, reservedInodes: 0,
};

/** A state of these machines with room, a right clock and default settings. */
export function testState(machines: readonly RetentionMachine[], change: Partial<Omit<RetentionState, 'space'>> & Readonly<{ space?: Partial<StoreSpace> }> = {}): RetentionState {
  return {
    stateVersion: 1, settings: defaultStoreSettings, pressureBefore: 'green', clock: { wallMs: testNowMs, jumped: false, uncreditedMs: 0 }, machines, pastDeletions: [],
    ...change, space: { ...testSpace, ...change.space },
  };
}

/** Daily points of the last `count` days, oldest first, the newest an hour old. */
export function dailyPoints(count: number, machine = 1): RetentionPoint[] {
  return Array.from({ length: count }, (_, index) => testPoint({ seq: index + 1, createdAtMs: testNowMs - 3_600_000 - days(count - 1 - index) }, machine));
}

// Jest looks up globals slowly, and this runs for every character of a million plans.
const { imul } = Math;

/** Short, deterministic and good enough to tell plans apart in tests. */
export function testHash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    low = imul(low ^ unit, 0x01000193);
    high = imul(high ^ unit, 0x85ebca6b) ^ (high >>> 13);
  }
  return ((high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0')).padStart(64, '0');
}
