import { days, hours, MIB, minutes, type RestorePointId, type RetentionPolicy } from '@lifeboat/model';
import type { ExclusiveRun, RetentionMachine, RetentionPoint, RetentionState } from '../state/retention-state.js';
import { testMachine, testNowMs, testPointId, testState } from './fleet.js';

// Jest looks up globals slowly.
const { imul, floor } = Math;

/** Random numbers that a seed repeats (mulberry32); fast enough for a million fleets. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to and without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + floor(this.next() * (max - min + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.integer(0, values.length - 1)] ?? values[0];
  }
}

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Kathmandu'] as const;

/** `simple` fleets share no chunks between points, so that each gain stands alone. */
export type RandomFleet = Readonly<{ state: RetentionState; simple: boolean }>;

/** A small fleet with whatever may happen to its points, and a store that has room or not. Equal seeds give equal fleets. */
export function randomFleet(seed: number): RandomFleet {
  const random = new SeededRandom(seed);
  const simple = random.chance(0.3);
  const machines = Array.from({ length: random.integer(1, 4) }, (_, number) => randomMachine(random, number + 1, simple));
  const usedBytes = machines.reduce((sum, machine) => sum + (machine.exclusive ?? []).reduce((bytes, run) => bytes + run.bytes, 0), 0) + random.integer(0, 500) * MIB;
  const sizeBytes = Math.max(MIB, Math.ceil(usedBytes * (1 + random.next() * 0.5)));
  const inodesTotal = random.chance(0.2) ? random.integer(50, 5000) : 0;
  const quotaBytes = random.chance(0.1) ? sizeBytes : null;
  const pastDeletions = machines.flatMap(({ machineId }) => Array.from({ length: random.chance(0.3) ? random.integer(0, 3) : 0 }, () => ({ machineId, atMs: testNowMs - hours(random.integer(0, 40)) })));
  const state = testState(machines, {
    pressureBefore: random.pick(['green', 'yellow', 'red', null]), pastDeletions,
    settings: { timeZone: random.pick(zones), greenFreePercent: 20, yellowFreePercent: 15, orangeFreePercent: 8, undeleteMs: hours(72), scrubDeadlineMs: days(30) },
    space: {
      sizeBytes, previousSizeBytes: sizeBytes, quotaBytes, freeBytes: sizeBytes - usedBytes, reclaimableBytes: random.chance(0.2) ? random.integer(0, 200) * MIB : 0,
      reservedBytes: random.chance(0.3) ? random.integer(0, 300) * MIB : 0, reserveBytes: Math.floor(sizeBytes * 0.02), inodesTotal, inodesFree: random.integer(0, inodesTotal), reservedInodes: 0,
    },
  });
  return { state, simple };
}

/** As in a real fleet, machines share policies; which ones a seed picks stays the same. */
const policies: (RetentionPolicy | undefined)[] = [];

function randomPolicy(random: SeededRandom): RetentionPolicy | null {
  if (random.chance(0.05)) return null;
  const number = random.integer(0, 4999);
  return (policies[number] ??= policyOf(new SeededRandom(number)));
}

function policyOf(random: SeededRandom): RetentionPolicy {
  const rule = (max: number): number => (random.chance(0.4) ? random.integer(0, max) : 0);
  return {
    keepLast: rule(5), keepHourly: rule(6), keepDaily: rule(7), keepWeekly: rule(4), keepMonthly: rule(4), keepYearly: rule(2), keepWithinMs: random.chance(0.15) ? hours(random.integer(0, 500)) : null,
    minKeep: random.integer(1, 3), weight: random.pick([0.5, 1, 1, 1, 3]),
  };
}

function randomMachine(random: SeededRandom, number: number, simple: boolean): RetentionMachine {
  const stepMs = random.pick([minutes(7), hours(1), hours(5), days(1), days(6)]);
  const points: RetentionPoint[] = [];
  const count = random.integer(0, 16);
  let atMs = testNowMs - random.integer(0, 10) * hours(20) - Math.floor(count * stepMs * 0.9);
  let seq = random.integer(1, 5);
  for (let index = 0; index < count; index += 1) {
    points.push(randomPoint(random, number, { seq, createdAtMs: Math.max(0, atMs) }));
    seq += random.integer(1, 4);
    // Now and then the clock was set back, or somebody backed up twice in a row.
    atMs += random.chance(0.05) ? -hours(3) : Math.floor(stepMs * random.next() * 2);
  }
  return testMachine({
    points, policy: randomPolicy(random), silent: random.chance(0.1), anomaly: random.chance(0.08),
    exclusive: simple ? points.map((point) => ({ firstSeq: point.seq, lastSeq: point.seq, bytes: random.integer(1, 60) * MIB })) : randomRuns(random, points),
  }, number);
}

/** Written out field by field and with remembered ids: a million fleets have forty million points. */
function randomPoint(random: SeededRandom, number: number, place: Readonly<{ seq: number; createdAtMs: number }>): RetentionPoint {
  const soon = (): number => testNowMs + hours(random.integer(-48, 48));
  const condemnedAtMs = testNowMs - hours(random.integer(0, 90));
  return {
    pointId: pointIdOf(number, place.seq),
    seq: place.seq,
    createdAtMs: place.createdAtMs,
    state: random.chance(0.12) ? random.pick(['suspect', 'damaged']) : 'good',
    usedBytes: 1000 * MIB,
    storedBytes: random.integer(0, 60) * MIB,
    changedBytes: 100 * MIB,
    proofLevel: random.chance(0.1) ? random.integer(1, 5) : null,
    pinnedUntilMs: random.chance(0.06) ? random.pick<number | 'forever'>(['forever', soon()]) : null,
    held: random.chance(0.03),
    immutableUntilMs: random.chance(0.05) ? soon() : null,
    inUse: random.chance(0.03),
    condemned: random.chance(0.08) ? { condemnedAtMs, purgeAfterMs: condemnedAtMs + hours(72) } : null,
    approval: random.chance(0.1) ? random.pick(['waiting', 'granted']) : 'none',
    lastBeforeLayoutChange: random.chance(0.03),
    lastBeforeOsChange: random.chance(0.03),
    lastBeforeAnomaly: random.chance(0.03),
    sizes: { uniqueBytes: random.integer(0, 10) * MIB },
  };
}

const knownIds: RestorePointId[][] = [];

function pointIdOf(number: number, seq: number): RestorePointId {
  const ids = (knownIds[number] ??= []);
  return (ids[seq] ??= testPointId(number, seq));
}

function randomRuns(random: SeededRandom, points: readonly RetentionPoint[]): ExclusiveRun[] | null {
  if (random.chance(0.1)) return null;
  const runs: ExclusiveRun[] = [];
  for (const [index, point] of points.entries()) {
    for (let run = random.integer(0, 3); run > 0; run -= 1) {
      const last = points[Math.min(points.length - 1, index + (random.chance(0.6) ? 0 : random.integer(0, 6)))] ?? point;
      runs.push({ firstSeq: point.seq, lastSeq: last.seq, bytes: random.integer(0, 40) * MIB });
    }
  }
  return runs;
}
