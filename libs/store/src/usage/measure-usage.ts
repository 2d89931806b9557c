import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLifeboatError, type MachineId, type RestorePointId, type RestorePointManifest } from '@lifeboat/model';
import type { Store } from '../store.js';
import { PageSpans } from './page-spans.js';
import { keyOf, UsageTable } from './usage-table.js';

/** The points of one machine, oldest first. */
export type UsageSource = Readonly<{ machineId: MachineId; points: readonly Readonly<{ pointId: RestorePointId; seq: number }>[] }>;

/** Bytes of what only the points from `firstSeq` to `lastSeq` of one machine name: freed when all of them are gone. */
export type UsageRun = Readonly<{ firstSeq: number; lastSeq: number; bytes: number }>;

/**
 * What a machine takes in the store. `exclusiveBytes` is the sum of `runs`; `sharedBytes` is what it and at least one other machine name.
 * `uniqueBytes` per point is what goes when only this point is deleted.
 */
export type MachineUsage = Readonly<{ machineId: MachineId; exclusiveBytes: number; sharedBytes: number; runs: readonly UsageRun[]; uniqueBytes: ReadonlyMap<RestorePointId, number> }>;

/**
 * What the store's bytes are. All of it in bytes on disk, after compression: `packBytes` = the machines' `exclusiveBytes` + `sharedBytes` (each chunk of several machines once)
 * + `unreferencedBytes` (named by no point: garbage, and what running backups stored).
 */
export type StoreUsage = Readonly<{ machines: readonly MachineUsage[]; packBytes: number; sharedBytes: number; unreferencedBytes: number; unreadablePages: number }>;

export type MeasureUsageOptions = Readonly<{
  store: Pick<Store, 'readManifest' | 'readPage' | 'stats'>;
  machines: readonly UsageSource[];
  /** Chunks held in memory at a time, 24 to 70 bytes each; a larger store is walked in several passes. */
  chunksMax?: number;
  signal?: AbortSignal;
}>;

const chunksMaxByDefault = 4_000_000;
const pagesPerTurn = 64;

/**
 * Counts what each point and each machine takes, by walking all maps. A chunk belongs to the run from the first to the last point that names it, so a gain is never said to be larger than it
 * is. Compression is spread evenly: the packs' bytes are shared out in proportion to the chunks' plain lengths. Points whose manifest cannot be read are left out.
 *
 * Cost: reads every distinct page once or twice, and once more for each further `chunksMax` chunks of the store; gives way to other work every 64 pages.
 */
export async function measureUsage({ store, machines, chunksMax = chunksMaxByDefault, signal }: MeasureUsageOptions): Promise<StoreUsage> {
  const breathe = breather(signal);
  const walked: PageSpans[] = [];
  for (const source of machines) walked.push(await walkMachine(store, source, breathe));
  // Taken after the walk: what was committed meanwhile is then unreferenced, and no sum is larger than the store.
  const { chunks, packBytes, plainBytes } = await store.stats();
  const tally = new UsageTally(machines);
  const passes = Math.max(1, Math.ceil(chunks / chunksMax));
  for (let pass = 0; pass < passes; pass += 1) tally.add(await tableOf(walked, tally, { pass, passes }));
  const unreadablePages = walked.reduce((sum, spans) => sum + spans.unreadablePages, 0);
  return { ...tally.usage(plainBytes === 0 ? 1 : packBytes / plainBytes, packBytes), unreadablePages };
}

async function walkMachine(store: MeasureUsageOptions['store'], { machineId, points }: UsageSource, breathe: () => Promise<void>): Promise<PageSpans> {
  const spans = new PageSpans(store.readPage, breathe);
  for (const [index, { pointId }] of points.entries()) {
    const manifest = await readIfWhole(store, machineId, pointId);
    for (const disk of manifest?.disks ?? []) for (const volume of disk.volumes) await spans.addMap(volume.mapRoot, index);
  }
  await spans.settle();
  return spans;
}

async function readIfWhole(store: MeasureUsageOptions['store'], machineId: MachineId, pointId: RestorePointId): Promise<RestorePointManifest | undefined> {
  try {
    return await store.readManifest(machineId, pointId);
  } catch (error) {
    // Purged since the list was made, or damaged: either way nothing can be said of it.
    if (isLifeboatError(error) && (error.code === 'POINT_MISSING' || error.code === 'POINT_DAMAGED')) return undefined;
    throw error;
  }
}

/** The chunks and pages whose digest falls into this pass. */
async function tableOf(walked: readonly PageSpans[], tally: UsageTally, { pass, passes }: Readonly<{ pass: number; passes: number }>): Promise<UsageTable> {
  const table = new UsageTable();
  for (const [machine, spans] of walked.entries()) {
    const note = (digest: Parameters<UsageTable['add']>[0], lengthBytes: number, { first, last }: Readonly<{ first: number; last: number }>): void => {
      if (keyOf(digest)[0] % passes === pass && table.add(digest, { machine, first, last, lengthBytes })) tally.named(machine, lengthBytes);
    };
    for (const [digest, span] of spans.spans) note(digest, span.lengthBytes, span);
    await spans.forEachChunk(note);
  }
  return table;
}

/** Sums of plain lengths, turned into bytes on disk at the end. */
class UsageTally {
  private readonly namedBytes: number[];
  private readonly runs: Map<string, { first: number; last: number; bytes: number }>[];
  private sharedBytes = 0;

  constructor(private readonly machines: readonly UsageSource[]) {
    this.namedBytes = machines.map(() => 0);
    this.runs = machines.map(() => new Map<string, { first: number; last: number; bytes: number }>());
  }

  named(machine: number, lengthBytes: number): void {
    this.namedBytes[machine] = (this.namedBytes[machine] ?? 0) + lengthBytes;
  }

  add(table: UsageTable): void {
    for (const { machine, first, last, lengthBytes, shared } of table.entries()) {
      if (shared) {
        this.sharedBytes += lengthBytes;
        continue;
      }
      const key = `${String(first)} ${String(last)}`;
      const run = this.runs[machine]?.get(key) ?? { first, last, bytes: 0 };
      run.bytes += lengthBytes;
      this.runs[machine]?.set(key, run);
    }
  }

  usage(ratio: number, packBytes: number): Omit<StoreUsage, 'unreadablePages'> {
    const machines = this.machines.map((source, machine) => this.machineUsage(source, machine, ratio));
    const sharedBytes = Math.floor(this.sharedBytes * ratio);
    const named = machines.reduce((sum, machine) => sum + machine.exclusiveBytes, sharedBytes);
    return { machines, packBytes, sharedBytes, unreferencedBytes: Math.max(0, packBytes - named) };
  }

  private machineUsage({ machineId, points }: UsageSource, machine: number, ratio: number): MachineUsage {
    const uniqueBytes = new Map(points.map(({ pointId }) => [pointId, 0]));
    const runs: UsageRun[] = [];
    let [exclusiveBytes, exclusivePlain] = [0, 0];
    for (const { first, last, bytes: plain } of this.runs[machine]?.values() ?? []) {
      const [from, to] = [points[first], points[last]];
      if (!from || !to) continue;
      const bytes = Math.floor(plain * ratio);
      runs.push({ firstSeq: from.seq, lastSeq: to.seq, bytes });
      if (first === last) uniqueBytes.set(from.pointId, bytes);
      exclusiveBytes += bytes;
      exclusivePlain += plain;
    }
    runs.sort((one, other) => one.firstSeq - other.firstSeq || one.lastSeq - other.lastSeq);
    return { machineId, exclusiveBytes, sharedBytes: Math.floor(((this.namedBytes[machine] ?? 0) - exclusivePlain) * ratio), runs, uniqueBytes };
  }
}

/** Gives other work of the process a turn every now and then; reads out of a cache never would. */
function breather(signal: AbortSignal | undefined): () => Promise<void> {
  let pages = 0;
  return async () => {
    signal?.throwIfAborted();
    pages += 1;
    if (pages % pagesPerTurn === 0) await nextTurn();
  };
}
