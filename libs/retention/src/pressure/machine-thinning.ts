import type { PruneCode } from '../plan/retention-plan.js';
import type { RetentionMachine, RetentionPoint } from '../state/retention-state.js';
import { BinaryHeap } from './binary-heap.js';
import type { MachineGains } from './machine-gains.js';

/** A point that pressure may take, and how little it would be missed: lower classes first, then the smallest gap for its age. */
type Candidate = Readonly<{ index: number; rank: number; density: number; version: number }>;

/** The point that goes next. */
export type Victim = Readonly<{ index: number; point: RetentionPoint; code: PruneCode }>;

/** `indexes` are those of points that pressure may take: there, and held by no floor. */
export type ThinningOptions = Readonly<{ machine: RetentionMachine; gains: MachineGains; indexes: readonly number[]; nowMs: number }>;

const precedes = (a: Candidate, b: Candidate): boolean => {
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.density === b.density ? a.index < b.index : a.density < b.density;
};

/**
 * Thins one machine: damaged points first, then suspect ones, then those whose deletion was approved already, then the point whose removal leaves the smallest gap for its age.
 * Measured against their age, points end up spread like the ages 1, 2, 4, 8 …: dense where they are young, never gone altogether where they are old.
 */
export class MachineThinning {
  readonly #machine: RetentionMachine;
  readonly #gains: MachineGains;
  readonly #nowMs: number;
  readonly #queue = new BinaryHeap<Candidate>(precedes);
  readonly #allowed: Uint8Array;
  /** Counts changes of a point's neighbours; queued candidates of older versions are void. */
  readonly #version: Int32Array;
  /** Points that free too little to be worth it while others free more. */
  #setAside: number[] = [];
  /** Points not weighed yet: most machines are never asked. */
  #unweighed: readonly number[];

  constructor(options: ThinningOptions) {
    this.#machine = options.machine;
    this.#gains = options.gains;
    this.#nowMs = options.nowMs;
    this.#allowed = new Uint8Array(options.machine.points.length);
    this.#version = new Int32Array(options.machine.points.length);
    this.#unweighed = options.indexes;
    for (const index of options.indexes) this.#allowed[index] = 1;
  }

  /** The next point that frees at least `worthwhile` bytes; it stays until {@link remove}. */
  next(worthwhile: number): Victim | undefined {
    for (const index of this.#unweighed) this.#enqueue(index);
    this.#unweighed = [];
    for (;;) {
      const candidate = this.#queue.pop();
      if (candidate === undefined) return undefined;
      const { index, rank } = candidate;
      const point = this.#machine.points[index];
      if (point === undefined || this.#gains.isGone(index) || this.#version[index] !== candidate.version) continue;
      if (this.#gains.gainOf(index) < worthwhile) {
        this.#setAside.push(index);
        continue;
      }
      return { index, point, code: codeOfRank(rank) };
    }
  }

  /** Lets a point go and returns the bytes that this frees. Its neighbours are weighed anew: they stand farther apart and may free more now. */
  remove(victim: Victim): number {
    const { before, after } = this.#gains.neighboursOf(victim.index);
    const bytes = this.#gains.remove(victim.index);
    for (const index of [before, after]) if (this.#allowed[index] === 1) this.#enqueue(index);
    return bytes;
  }

  /** Takes points that were not worth it into account again. */
  reconsider(): void {
    const indexes = new Set(this.#setAside);
    this.#setAside = [];
    for (const index of indexes) if (!this.#gains.isGone(index)) this.#enqueue(index);
  }

  #enqueue(index: number): void {
    const point = this.#machine.points[index];
    if (point === undefined) return;
    const version = (this.#version[index] ?? 0) + 1;
    this.#version[index] = version;
    this.#queue.push({ index, rank: rankOf(point), density: this.#densityOf(index, point), version });
  }

  #densityOf(index: number, point: RetentionPoint): number {
    const { before, after } = this.#gains.neighboursOf(index);
    const ageMs = Math.max(1, this.#nowMs - point.createdAtMs);
    const nextMs = this.#machine.points[after]?.createdAtMs ?? this.#nowMs;
    // Before the oldest point one more is imagined at twice its age, so that how far history reaches back counts like any other gap.
    const previousMs = this.#machine.points[before]?.createdAtMs ?? point.createdAtMs - ageMs;
    return Math.max(0, nextMs - previousMs) / ageMs;
  }
}

function rankOf(point: RetentionPoint): number {
  if (point.state === 'damaged') return 0;
  if (point.state === 'suspect') return 1;
  return point.approval === 'granted' ? 2 : 3;
}

function codeOfRank(rank: number): PruneCode {
  if (rank <= 1) return 'PRUNE_PRESSURE_DAMAGED';
  return rank === 2 ? 'PRUNE_PRESSURE_APPROVED' : 'PRUNE_PRESSURE_DENSEST';
}
