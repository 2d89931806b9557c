import { compressChunk, digestOf } from '@lifeboat/codec';
import {
  ComputerName, KIB, noBytes, PageTreeBuilder, randomHex128, type Digest, type MachineId, type MapEntry, type Random, type RestorePointId, type RestorePointManifest,
} from '@lifeboat/model';
import type { Store } from '../store.js';

/** Chunks of the sample volumes: small, so that many fit into a test. */
export const sampleChunkBytes = 4 * KIB;
/** Looked up once: globals are slow in a test's own realm. */
const { imul } = Math;

/** A volume's content, chunk by chunk; null is a chunk of zeros, which is not stored. */
export type SampleVolume = readonly (Uint8Array | null)[];

/** A chunk of bytes that compress to about half; equal seeds give equal chunks. */
export function sampleChunk(seed: number, lengthBytes = sampleChunkBytes): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  let state = (seed + 1) * 2_654_435_761;
  for (let at = 0; at < lengthBytes; at += 1) {
    state = (imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = at % 2 === 0 ? state >>> 24 : 0;
  }
  return bytes;
}

/** Puts consecutive chunks as one segment, as ingest does. */
export function putChunks(store: Store, chunks: readonly Uint8Array[]): Promise<{ storedBytes: number; newChunks: number }> {
  const plain = Buffer.concat(chunks);
  const { codec, bytes: payload } = compressChunk(plain);
  return store.putSegment({ chunks: chunks.map((chunk) => ({ digest: digestOf(chunk), lengthBytes: chunk.length })), codec, plain, payload });
}

/** Stores a volume's chunks, `chunksPerSegment` at a time, and its pages; returns the root of its map. Nothing is flushed. */
export async function putVolume(store: Store, volume: SampleVolume, chunksPerSegment = 8): Promise<Digest> {
  const pages: { digest: Digest; bytes: Uint8Array }[] = [];
  const builder = new PageTreeBuilder(volume.length * sampleChunkBytes, digestOf, (page) => pages.push(page));
  let segment: Uint8Array[] = [];
  for (const [index, chunk] of volume.entries()) {
    const range = { offsetBytes: index * sampleChunkBytes, lengthBytes: sampleChunkBytes };
    const entry: MapEntry = chunk ? { kind: 'data', ...range, digest: digestOf(chunk) } : { kind: 'zero', ...range };
    builder.push(entry);
    if (chunk) segment.push(chunk);
    if (segment.length < chunksPerSegment && index < volume.length - 1) continue;
    if (segment.length > 0) await putChunks(store, segment);
    segment = [];
  }
  const root = builder.finish();
  for (const page of pages) await store.putPage(page);
  return root;
}

/** What {@link sampleManifest} is about. */
export type SamplePoint = Readonly<{ random: Random; machineId: MachineId; mapRoot: Digest; chunks: number; computerName?: string }>;

/** A manifest of one disk with one volume that begins 1 MiB into the disk. */
export function sampleManifest({ random, machineId, mapRoot, chunks, computerName = 'alpha' }: SamplePoint): RestorePointManifest {
  const lengthBytes = chunks * sampleChunkBytes;
  const offsetBytes = 1024 * KIB;
  return {
    v: 1, pointId: randomHex128(random) as RestorePointId, machineId, computerName: ComputerName.parse(computerName),
    createdAtMs: 1_700_000_000_000, agentStartedAtMs: 1_700_000_000_000, durationMs: 1000, agentVersion: '0.1.0',
    os: { platform: 'linux', release: '6.1', hostname: computerName }, kind: 'full', basePointId: null, consistency: 'offline', state: 'good', bytes: noBytes,
    disks: [{
      facts: { diskId: 'disk0', path: '/disk.img', kind: 'image', model: null, serial: null },
      layout: {
        sizeBytes: offsetBytes + lengthBytes, logicalSectorBytes: 512, physicalSectorBytes: 512, table: 'none', tableId: null,
        partitions: [], tableSectors: [], warnings: [],
      },
      volumes: [{
        volumeId: 'disk0/p1', role: 'partition', partitionNumber: 1, offsetBytes, lengthBytes, filesystem: 'ext4', label: null, uuid: null, cutter: 'fixed',
        tracker: 'none', consistency: 'offline', state: 'good', mapRoot,
        counts: { dataBytes: lengthBytes, zeroBytes: 0, unallocatedBytes: 0, unreadableBytes: 0 }, warnings: [],
      }],
    }],
  };
}

/** Stores and commits a volume as a point of `machineId`. */
export async function commitVolume(store: Store, volume: SampleVolume, point: Readonly<{ random: Random; machineId: MachineId; computerName?: string }>): Promise<RestorePointManifest> {
  const mapRoot = await putVolume(store, volume);
  const manifest = sampleManifest({ ...point, mapRoot, chunks: volume.length });
  await store.commitPoint(manifest);
  return manifest;
}
