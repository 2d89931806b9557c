import { compressChunk, digestOf } from '@lifeboat/codec';
import { PageTreeBuilder, type Digest, type ManifestDraft, type MapEntry, type RestorePointId } from '@lifeboat/model';
import { encodeFrame, type BatchEntry } from '@lifeboat/protocol';
import { chunkOf, lengthOf, mapOf, type SimVolume } from '../model/sim-volume.js';

/** A frame as it goes over the wire, and the chunks whose bytes it carries. */
export type SimFrame = Readonly<{ bytes: Uint8Array; chunks: readonly Digest[] }>;

type Place = Readonly<{ seq: number; volume: number }>;

/**
 * The frames of a backup, numbered from 1: each volume in batches of at most `batchEntries` entries, then its end. Chunks that stand at the same place in `baseMaps` go as
 * REF, neighbours in one.
 */
export function framesOf(volumes: readonly SimVolume[], options: Readonly<{ batchEntries: number; baseMaps: readonly (readonly MapEntry[])[] }>): SimFrame[] {
  const frames: SimFrame[] = [];
  volumes.forEach((content, volume) => {
    const entries = mapOf(content);
    const base = new Map((options.baseMaps[volume] ?? []).map((entry) => [entry.offsetBytes, entry]));
    for (let start = 0; start < entries.length; start += options.batchEntries) {
      const batch = entries.slice(start, start + options.batchEntries);
      const sent = batch.map((entry): BatchEntry => (isSame(entry, base.get(entry.offsetBytes)) ? { kind: 'ref', offsetBytes: entry.offsetBytes, lengthBytes: entry.lengthBytes } : entry));
      const plain = content.runs.slice(start, start + options.batchEntries).flatMap((run, index) => (run.kind === 'data' && sent[index]?.kind === 'data' ? [chunkOf(run.seed, run.lengthBytes).bytes] : []));
      frames.push(batchFrame({ seq: frames.length + 1, volume }, sent, plain));
    }
    frames.push({ bytes: encodeFrame({ type: 'volume-end', seq: frames.length + 1, volume, mapRoot: rootOf(content) }), chunks: [] });
  });
  return frames;
}

/** One batch with just the named chunks of a volume, for a server that asks for them again. */
export function refillFrame(place: Place, content: SimVolume, needed: readonly Readonly<{ offsetBytes: number }>[]): SimFrame {
  const wanted = new Set(needed.map(({ offsetBytes }) => offsetBytes));
  const chosen = mapOf(content).map((entry, index) => ({ entry, run: content.runs[index] })).filter(({ entry }) => wanted.has(entry.offsetBytes));
  return batchFrame(place, chosen.map(({ entry }) => entry), chosen.flatMap(({ run }) => (run?.kind === 'data' ? [chunkOf(run.seed, run.lengthBytes).bytes] : [])));
}

/** The root of a volume's map as its computer computes it. */
export function rootOf(volume: SimVolume): Digest {
  const builder = new PageTreeBuilder(lengthOf(volume), digestOf, () => undefined);
  for (const entry of mapOf(volume)) builder.push(entry);
  return builder.finish();
}

/** The manifest an agent sends with its commit. `attempt` stands where a real agent's start time does. */
export function draftOf(volumes: readonly SimVolume[], attempt: number, basePointId: RestorePointId | null): ManifestDraft {
  const noCounts = { dataBytes: 0, zeroBytes: 0, unallocatedBytes: 0, unreadableBytes: 0 };
  const sizeBytes = volumes.reduce((sum, volume) => sum + lengthOf(volume), 0);
  return {
    v: 1, agentStartedAtMs: attempt, durationMs: 1, agentVersion: '0.1.0', os: { platform: 'linux', release: '6', hostname: 'simulated' },
    kind: basePointId ? 'incremental' : 'full', basePointId, consistency: 'offline', state: 'good', bytes: { source: sizeBytes, used: sizeBytes, read: sizeBytes, changed: 0, sent: 0, stored: 0 },
    disks: [{
      facts: { diskId: 'disk', path: '/disk.img', kind: 'image', model: null, serial: null },
      layout: { sizeBytes, logicalSectorBytes: 512, physicalSectorBytes: 512, table: 'none', tableId: null, partitions: [], tableSectors: [], warnings: [] },
      volumes: volumes.map((volume, index) => ({
        volumeId: volume.volumeId, role: 'partition', partitionNumber: index + 1, offsetBytes: 0, lengthBytes: lengthOf(volume), filesystem: 'unknown', label: null, uuid: null,
        cutter: 'fixed', tracker: 'none', consistency: 'offline', state: 'good', mapRoot: rootOf(volume), counts: noCounts, warnings: [],
      })),
    }],
  };
}

function batchFrame(place: Place, entries: readonly BatchEntry[], parts: readonly Uint8Array[]): SimFrame {
  const plain = Buffer.concat(parts);
  // Compressing is slow, and what does not compress goes as it is in production too.
  const { codec, bytes: payload } = place.seq % 4 === 0 ? compressChunk(plain) : { codec: 'raw' as const, bytes: plain };
  const chunks = entries.flatMap((entry) => (entry.kind === 'data' ? [entry.digest] : []));
  return { bytes: encodeFrame({ type: 'batch', ...place, entries: mergeRefs(entries), codec, plainLengthBytes: plain.length, payload }), chunks };
}

function mergeRefs(entries: readonly BatchEntry[]): BatchEntry[] {
  const merged: BatchEntry[] = [];
  for (const entry of entries) {
    const last = merged.at(-1);
    if (last?.kind === 'ref' && entry.kind === 'ref') merged[merged.length - 1] = { ...last, lengthBytes: last.lengthBytes + entry.lengthBytes };
    else merged.push(entry);
  }
  return merged;
}

const isSame = (entry: MapEntry, before: MapEntry | undefined): boolean =>
  entry.kind === 'data' && before?.kind === 'data' && entry.digest === before.digest && entry.lengthBytes === before.lengthBytes;
