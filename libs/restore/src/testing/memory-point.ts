import { endOf, intersectExtents, invertExtents, KIB, mergeExtents, PageTreeBuilder, RestorePointManifest, type Digest, type DiskLayout, type Extent, type MapCounts, type MapEntry } from '@lifeboat/model';
import { digestOf, isAllZero } from '@lifeboat/codec';
import type { ImageSource } from '../image/image-source.js';
import { listVolumes, type DataEntry, type KnownEntry, type RestoredRun, type VolumeSource } from '../source/volume-source.js';

const chunkBytes = 64 * KIB;

/** A disk to make a restore point of: its bytes, how it is divided, and what the backup would have found. Extents are on the disk, sorted and merged. */
export type MemoryDisk = Readonly<{ diskId: string; bytes: Uint8Array; layout: DiskLayout; unallocated?: readonly Extent[]; unreadable?: readonly Extent[] }>;

/** A restore point in memory: manifest, maps and chunks, made of disk images as an agent and a server would together. */
export class MemoryPoint {
  readonly manifest: RestorePointManifest;
  readonly maps: MapEntry[][] = [];
  readonly chunks = new Map<Digest, Uint8Array>();
  /** Pages of all maps, by digest. */
  readonly pages = new Map<Digest, Uint8Array>();

  constructor(disks: readonly MemoryDisk[]) {
    const bytes = { source: 0, used: 0, read: 0, changed: 0, sent: 0, stored: 0 };
    this.manifest = RestorePointManifest.parse({
      v: 1, pointId: '1'.repeat(32), machineId: '2'.repeat(32), computerName: 'memory', createdAtMs: 1, agentStartedAtMs: 1, durationMs: 1, agentVersion: '0.1.0',
      os: { platform: 'linux', release: '6', hostname: 'memory' }, kind: 'full', basePointId: null, consistency: 'offline', state: 'good', bytes,
      disks: disks.map((disk) => ({
        facts: { diskId: disk.diskId, path: `/dev/${disk.diskId}`, kind: 'device', model: null, serial: `SERIAL-${disk.diskId}` }, layout: disk.layout, volumes: this.addVolumes(disk),
      })),
    });
  }

  private addVolumes(disk: MemoryDisk): unknown[] {
    const { layout } = disk;
    if (layout.table === 'none') return [this.addVolume(disk, { volumeId: `${disk.diskId}/whole`, role: 'whole-disk', partitionNumber: null, extent: { offsetBytes: 0, lengthBytes: layout.sizeBytes }, excluded: [] })];
    const partitions = [...layout.partitions].sort((left, right) => left.offsetBytes - right.offsetBytes);
    const whole = { offsetBytes: 0, lengthBytes: layout.sizeBytes };
    return [
      this.addVolume(disk, { volumeId: `${disk.diskId}/outside`, role: 'outside-partitions', partitionNumber: null, extent: whole, excluded: partitions }),
      ...partitions.map((partition) => this.addVolume(disk, { volumeId: `${disk.diskId}/p${String(partition.number)}`, role: 'partition', partitionNumber: partition.number, extent: partition, excluded: [] })),
    ];
  }

  private addVolume(disk: MemoryDisk, volume: { volumeId: string; role: string; partitionNumber: number | null; extent: Extent; excluded: readonly Extent[] }): unknown {
    const { offsetBytes, lengthBytes } = volume.extent;
    const shift = (extents: readonly Extent[]): Extent[] =>
      intersectExtents(extents, [{ offsetBytes, lengthBytes }]).map((extent) => ({ offsetBytes: extent.offsetBytes - offsetBytes, lengthBytes: extent.lengthBytes }));
    const unallocated = mergeExtents([...shift(disk.unallocated ?? []), ...shift(volume.excluded)]);
    const unreadable = intersectExtents(shift(disk.unreadable ?? []), invertExtents(unallocated, lengthBytes));
    const chunks = invertExtents(mergeExtents([...unallocated, ...unreadable]), lengthBytes).flatMap((extent) => this.cut(disk.bytes, offsetBytes, extent));
    const map: MapEntry[] = [
      ...unallocated.map((extent): MapEntry => ({ kind: 'unallocated', ...extent })), ...unreadable.map((extent): MapEntry => ({ kind: 'unreadable', ...extent })), ...chunks,
    ].sort((left, right) => left.offsetBytes - right.offsetBytes);
    this.maps.push(map);
    const { root, counts } = this.rootOf(map, lengthBytes);
    return {
      volumeId: volume.volumeId, role: volume.role, partitionNumber: volume.partitionNumber, offsetBytes, lengthBytes, filesystem: 'unknown', label: null, uuid: null, cutter: 'fixed', tracker: 'none',
      consistency: 'offline', state: 'good', mapRoot: root, counts, warnings: [],
    };
  }

  private rootOf(map: readonly MapEntry[], lengthBytes: number): { root: Digest; counts: MapCounts } {
    const builder = new PageTreeBuilder(lengthBytes, digestOf, ({ digest, bytes }) => { this.pages.set(digest, bytes); });
    for (const entry of map) builder.push(entry);
    return { root: builder.finish(), counts: builder.counts };
  }

  private cut(disk: Uint8Array, volumeOffsetBytes: number, extent: Extent): MapEntry[] {
    const entries: MapEntry[] = [];
    for (let at = extent.offsetBytes; at < endOf(extent); ) {
      const lengthBytes = Math.min(chunkBytes - (at % chunkBytes), endOf(extent) - at);
      const bytes = disk.subarray(volumeOffsetBytes + at, volumeOffsetBytes + at + lengthBytes);
      if (isAllZero(bytes)) entries.push({ kind: 'zero', offsetBytes: at, lengthBytes });
      else {
        const digest = digestOf(bytes);
        this.chunks.set(digest, bytes);
        entries.push({ kind: 'data', offsetBytes: at, lengthBytes, digest });
      }
      at += lengthBytes;
    }
    return entries;
  }
}

/** The twin of the remote source: hands out a {@link MemoryPoint}; chunks named in `lost` come as damaged. */
export class MemoryVolumeSource implements VolumeSource, ImageSource {
  readonly manifest: RestorePointManifest;
  readonly lost = new Set<Digest>();
  /** Digests of every {@link readChunks} so far, call by call. */
  readonly fetched: Digest[][] = [];

  constructor(private readonly point: MemoryPoint) {
    this.manifest = point.manifest;
  }

  async *read(volume: number, range?: Extent): AsyncGenerator<RestoredRun> {
    for await (const entry of this.readMap(volume, range)) {
      const bytes = entry.kind === 'data' && !this.lost.has(entry.digest) ? this.point.chunks.get(entry.digest) : undefined;
      const { offsetBytes, lengthBytes } = entry;
      if (entry.kind !== 'data') yield { kind: entry.kind, offsetBytes, lengthBytes };
      else if (bytes) yield { kind: 'data', offsetBytes, lengthBytes, bytes };
      else yield { kind: 'damaged', offsetBytes, lengthBytes };
    }
  }

  async *readMap(volume: number, range: Extent = { offsetBytes: 0, lengthBytes: listVolumes(this.manifest)[volume]?.volume.lengthBytes ?? 0 }): AsyncGenerator<KnownEntry> {
    const entries = await Promise.resolve(this.point.maps[volume] ?? []);
    for (const entry of entries) {
      if (endOf(entry) > range.offsetBytes && entry.offsetBytes < endOf(range)) yield entry;
    }
  }

  async readChunks(_volume: number, chunks: readonly DataEntry[]): Promise<(Uint8Array | null)[]> {
    this.fetched.push(chunks.map((chunk) => chunk.digest));
    // As over a network, the answer comes later.
    await new Promise((resolve) => setImmediate(resolve));
    return chunks.map(({ digest }) => (this.lost.has(digest) ? null : (this.point.chunks.get(digest) ?? null)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
