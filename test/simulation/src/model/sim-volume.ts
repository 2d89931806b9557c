import { digestOf } from '@lifeboat/codec';
import { MIB, type Digest, type MapEntry, type RunKind } from '@lifeboat/model';
import type { Chance } from '../world/chance.js';

/** A run of a volume as its computer sees it; `seed` makes a chunk's bytes. */
export type SimRun = Readonly<{ kind: 'data'; lengthBytes: number; seed: number } | { kind: RunKind; lengthBytes: number }>;

/** A volume's content at one moment: runs one after another. Volumes are never changed, only replaced. */
export type SimVolume = Readonly<{ volumeId: string; runs: readonly SimRun[] }>;

type Chunk = Readonly<{ bytes: Uint8Array; digest: Digest }>;

/** Contents the whole world chooses from: few enough that computers share some. */
const seedsMax = 400;
const chunkLengths = [512, 1024, 4096] as const;
/** Long enough that a volume has several index pages. */
const gapLengths = [4096, MIB, 9 * MIB] as const;
const runKinds = ['zero', 'unallocated', 'unreadable'] as const;

const chunks = new Map<number, Chunk>();

/** The bytes of a chunk and their digest; equal for equal seed and length. About half of a chunk can be compressed away. */
export function chunkOf(seed: number, lengthBytes: number): Chunk {
  const key = seed * 8192 + lengthBytes;
  let chunk = chunks.get(key);
  if (!chunk) {
    const bytes = new Uint8Array(lengthBytes);
    let state = Math.imul(key + 1, 0x9e3779b1) >>> 0;
    for (let at = 0; at < lengthBytes; at += seed % 3 === 0 ? 1 : 2) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[at] = state >>> 24;
    }
    chunk = { bytes, digest: digestOf(bytes) };
    chunks.set(key, chunk);
  }
  return chunk;
}

/** A new volume. */
export function makeVolume(volumeId: string, chance: Chance): SimVolume {
  const chunkBytes = chance.pick(chunkLengths);
  const runs = Array.from({ length: chance.between(1, 24) }, (): SimRun =>
    chance.oneIn(6) ? { kind: chance.pick(runKinds), lengthBytes: chance.pick(gapLengths) } : { kind: 'data', lengthBytes: chunkBytes, seed: chance.below(seedsMax) });
  return { volumeId, runs };
}

/** The volume a while later: of the same length, some chunks written, some freed. */
export function changeVolume(volume: SimVolume, chance: Chance): SimVolume {
  const every = chance.pick([2, 4, 12] as const);
  const runs = volume.runs.map((run): SimRun => {
    if (!chance.oneIn(every)) return run;
    if (run.kind !== 'data') return run.lengthBytes <= 4096 ? { kind: 'data', lengthBytes: run.lengthBytes, seed: chance.below(seedsMax) } : run;
    return chance.oneIn(8) ? { kind: chance.pick(runKinds), lengthBytes: run.lengthBytes } : { ...run, seed: chance.below(seedsMax) };
  });
  return { volumeId: volume.volumeId, runs };
}

/** Bytes of the whole volume. */
export const lengthOf = (volume: SimVolume): number => volume.runs.reduce((sum, run) => sum + run.lengthBytes, 0);

/** The volume's map, an entry per run. */
export function mapOf(volume: SimVolume): MapEntry[] {
  let offsetBytes = 0;
  return volume.runs.map((run) => {
    const at = offsetBytes;
    offsetBytes += run.lengthBytes;
    const { kind, lengthBytes } = run;
    return kind === 'data' ? { kind, offsetBytes: at, lengthBytes, digest: chunkOf(run.seed, lengthBytes).digest } : { kind, offsetBytes: at, lengthBytes };
  });
}

/** Joins neighbouring runs of one kind: how runs were split says nothing. */
export function joined(entries: readonly MapEntry[]): MapEntry[] {
  const result: MapEntry[] = [];
  for (const entry of entries) {
    const last = result.at(-1);
    if (last && entry.kind !== 'data' && last.kind === entry.kind) result[result.length - 1] = { kind: entry.kind, offsetBytes: last.offsetBytes, lengthBytes: last.lengthBytes + entry.lengthBytes };
    else result.push(entry);
  }
  return result;
}
