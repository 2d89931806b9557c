import { compressChunk, digestOf } from '@lifeboat/codec';
import { endOf, MachineId, PageTreeBuilder, type Digest, type ManifestDraft, type MapEntry, type RunKind } from '@lifeboat/model';
import type { BatchEntry, BatchFrame, SessionOpen, VolumeEndFrame } from '@lifeboat/protocol';
import { createCipheriv } from 'node:crypto';

/** A run of a sample volume; `seed` makes a chunk's content. */
export type SampleRun = Readonly<{ kind: 'data'; lengthBytes: number; seed: number }> | Readonly<{ kind: RunKind; lengthBytes: number }>;

/** A volume as a sample agent sees it: runs one after another. */
export type SampleVolume = Readonly<{ volumeId: string; runs: readonly SampleRun[] }>;

export const machineA = MachineId.parse('a'.repeat(32));
export const machineB = MachineId.parse('b'.repeat(32));

/** The bytes of a chunk; equal for equal seed and length, incompressible for even seeds. */
export function chunkBytes(seed: number, lengthBytes: number): Uint8Array {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  const random = cipher.update(Buffer.alloc(lengthBytes));
  return seed % 2 === 0 ? random : Buffer.alloc(lengthBytes, random.subarray(0, 64));
}

/** The volume's map, entry by entry as the runs are. */
export function mapOf(volume: SampleVolume): MapEntry[] {
  let offsetBytes = 0;
  return volume.runs.map((run) => {
    const at = offsetBytes;
    offsetBytes += run.lengthBytes;
    return run.kind === 'data'
      ? { kind: 'data', offsetBytes: at, lengthBytes: run.lengthBytes, digest: digestOf(chunkBytes(run.seed, run.lengthBytes)) }
      : { kind: run.kind, offsetBytes: at, lengthBytes: run.lengthBytes };
  });
}

export const lengthOf = (volume: SampleVolume): number => volume.runs.reduce((sum, run) => sum + run.lengthBytes, 0);

/** The root an agent computes for a map. */
export function rootOf(entries: readonly MapEntry[]): Digest {
  const last = entries.at(-1);
  const builder = new PageTreeBuilder(last ? endOf(last) : 0, digestOf, () => undefined);
  for (const entry of entries) builder.push(entry);
  return builder.finish();
}

/** Joins neighbouring runs of one kind, so that maps that were split differently compare equal. */
export function joined(entries: readonly MapEntry[]): MapEntry[] {
  const result: MapEntry[] = [];
  for (const entry of entries) {
    const last = result.at(-1);
    if (last && entry.kind !== 'data' && last.kind === entry.kind) result[result.length - 1] = { kind: entry.kind, offsetBytes: last.offsetBytes, lengthBytes: last.lengthBytes + entry.lengthBytes };
    else result.push(entry);
  }
  return result;
}

/**
 * The frames of a backup, numbered from 1: each volume in batches of `batchEntries` entries, then its end. Chunks that stand at the same place
 * in `baseMaps` go as REF.
 */
export function framesOf(volumes: readonly SampleVolume[], options: Readonly<{ batchEntries: number; baseMaps?: readonly (readonly MapEntry[])[] }>): (BatchFrame | VolumeEndFrame)[] {
  const frames: (BatchFrame | VolumeEndFrame)[] = [];
  volumes.forEach((sample, volume) => {
    const entries = mapOf(sample);
    const base = new Set((options.baseMaps?.[volume] ?? []).filter(({ kind }) => kind === 'data').map((entry) => JSON.stringify(entry)));
    for (let start = 0; start < entries.length; start += options.batchEntries) {
      const runs = sample.runs.slice(start, start + options.batchEntries);
      const sent = entries.slice(start, start + options.batchEntries).map<BatchEntry>((entry) =>
        base.has(JSON.stringify(entry)) ? { kind: 'ref', offsetBytes: entry.offsetBytes, lengthBytes: entry.lengthBytes } : entry);
      frames.push(batchOf({ seq: frames.length + 1, volume, entries: sent }, runs));
    }
    frames.push({ type: 'volume-end', seq: frames.length + 1, volume, mapRoot: rootOf(entries) });
  });
  return frames;
}

function batchOf(place: Readonly<{ seq: number; volume: number; entries: readonly BatchEntry[] }>, runs: readonly SampleRun[]): BatchFrame {
  const plain = Buffer.concat(runs.flatMap((run, index) => (run.kind === 'data' && place.entries[index]?.kind === 'data' ? [chunkBytes(run.seed, run.lengthBytes)] : [])));
  const { codec, bytes } = compressChunk(plain);
  return { type: 'batch', ...place, codec, plainLengthBytes: plain.length, payload: bytes };
}

let requests = 0;

/** A request to open a session for these volumes, with an id of its own. */
export function openFor(volumes: readonly SampleVolume[], base: Partial<Pick<SessionOpen, 'basePointId' | 'resumeSessionId'>> = {}): SessionOpen {
  requests += 1;
  return {
    requestId: requests.toString(16).padStart(32, '0'), jobId: null, basePointId: null, resumeSessionId: null, ...base,
    volumes: volumes.map((volume) => ({ volumeId: volume.volumeId, lengthBytes: lengthOf(volume) })),
  };
}

/** The manifest draft that goes with the volumes. */
export function draftOf(volumes: readonly SampleVolume[], basePointId: ManifestDraft['basePointId'] = null): ManifestDraft {
  const noCounts = { dataBytes: 0, zeroBytes: 0, unallocatedBytes: 0, unreadableBytes: 0 };
  const sizeBytes = volumes.reduce((sum, volume) => sum + lengthOf(volume), 0);
  return {
    v: 1, agentStartedAtMs: 1, durationMs: 2, agentVersion: '0.1.0', os: { platform: 'linux', release: '6', hostname: 'sample' },
    kind: basePointId ? 'incremental' : 'full', basePointId, consistency: 'offline', state: 'good',
    bytes: { source: sizeBytes, used: sizeBytes, read: sizeBytes, changed: 0, sent: 0, stored: 0 },
    disks: [{
      facts: { diskId: 'disk', path: '/sample.img', kind: 'image', model: null, serial: null },
      layout: { sizeBytes, logicalSectorBytes: 512, physicalSectorBytes: 512, table: 'none', tableId: null, partitions: [], tableSectors: [], warnings: [] },
      volumes: volumes.map((volume, index) => ({
        volumeId: volume.volumeId, role: 'partition', partitionNumber: index + 1, offsetBytes: 0, lengthBytes: lengthOf(volume), filesystem: 'unknown', label: null, uuid: null,
        cutter: 'fixed', tracker: 'none', consistency: 'offline', state: 'good', mapRoot: rootOf(mapOf(volume)), counts: noCounts, warnings: [],
      })),
    }],
  };
}
