import { UnreadableSectors } from '@lifeboat/block-device';
import { assertInvariant, endOf, mergeExtents, MIB, type DiskManifest, type Extent } from '@lifeboat/model';
import { DiskNotInManifest } from './image-errors.js';
import { listVolumes, type KnownEntry } from '../source/volume-source.js';
import { ChunkLoader, type VolumeChunk } from './chunk-loader.js';
import { imageReadBytesMax, type DiskImage, type ImageRun, type RunState, type RunStatus } from './disk-image.js';
import { divideDisk, segmentsIn, type DiskSegment } from './disk-segments.js';
import type { ImageSource } from './image-source.js';
import { MapWindows, mapWindowBytes } from './map-windows.js';
import { ReadAhead } from './read-ahead.js';

const cacheBytesDefault = 64 * MIB;
/** Of the cache, this share holds maps. */
const mapShare = 1 / 4;
/** Read-aheads under way at a time. */
const readAheadsMax = 4;

export type DiskImageOptions = Readonly<{
  diskId: string;
  /** Bound of the memory for maps and chunks; default 64 MiB, at least 8 MiB. What is being read comes on top. */
  cacheBytes?: number;
  /** Fetch ahead of readers that go through the disk; default true. */
  readAhead?: boolean;
}>;

/**
 * Opens a disk of a restore point as a read-only image. The source stays the caller's to close, after the image.
 *
 * @throws DiskNotInManifest (DISK_NOT_IN_MANIFEST)
 */
export function openDiskImage(source: ImageSource, options: DiskImageOptions): DiskImage {
  const disk = source.manifest.disks.find((candidate) => candidate.facts.diskId === options.diskId);
  if (!disk) throw new DiskNotInManifest({ diskId: options.diskId });
  return new StoredDiskImage(source, disk, options);
}

/** A piece of a read: bytes of a chunk, or a run that needs none. */
type Piece = Extent & Readonly<{ entry: KnownEntry | null; segment: DiskSegment }>;

const noVolume = { index: 0, offsetBytes: 0 };

class StoredDiskImage implements DiskImage {
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;
  private readonly segments: readonly DiskSegment[];
  private readonly windows: MapWindows;
  private readonly loader: ChunkLoader;
  private readonly readAhead: ReadAhead | null;
  /** Numbers of the disk's volumes in the source. */
  private readonly numbers: readonly number[];
  private readAheads = 0;

  constructor(
    private readonly source: ImageSource,
    readonly disk: DiskManifest,
    options: DiskImageOptions,
  ) {
    this.sizeBytes = disk.layout.sizeBytes;
    this.logicalSectorBytes = disk.layout.logicalSectorBytes;
    this.segments = divideDisk(disk);
    const listed = listVolumes(source.manifest);
    this.numbers = listed.filter((volume) => volume.disk === disk).map((volume) => volume.number);
    const cacheBytes = Math.max(8 * MIB, options.cacheBytes ?? cacheBytesDefault);
    this.windows = new MapWindows(source, { cacheBytes: cacheBytes * mapShare, volumeLengths: listed.map(({ volume }) => volume.lengthBytes) });
    this.loader = new ChunkLoader(source, cacheBytes * (1 - mapShare));
    this.readAhead = options.readAhead === false ? null : new ReadAhead(this.sizeBytes);
  }

  get cachedBytes(): number {
    return this.loader.cachedBytes + this.windows.cachedBytes;
  }

  async readRuns(range: Extent): Promise<ImageRun[]> {
    assertInvariant(range.offsetBytes >= 0 && endOf(range) <= this.sizeBytes && range.lengthBytes <= imageReadBytesMax, 'the read lies inside the disk', { ...range, sizeBytes: this.sizeBytes });
    const pieces = await this.piecesOf(range);
    const loading = this.loader.load(this.chunksOf(pieces));
    // Only now, so that what is wanted goes out before what may be wanted.
    this.fetchAhead(range);
    const loaded = await loading;
    let next = 0;
    return pieces.map((piece) => this.runOf(piece, piece.entry?.kind === 'data' ? (loaded[next++] ?? null) : null));
  }

  async *readStatus(range: Extent): AsyncGenerator<RunStatus> {
    let last: RunStatus | undefined;
    for await (const piece of this.statusPieces(range)) {
      if (last?.state === piece.state) last = { ...last, lengthBytes: last.lengthBytes + piece.lengthBytes };
      else {
        if (last) yield last;
        last = piece;
      }
    }
    if (last) yield last;
  }

  async readFully(target: Uint8Array, offsetBytes: number): Promise<void> {
    const lost: Extent[] = [];
    for (let done = 0; done < target.length; done += imageReadBytesMax) {
      const part = { offsetBytes: offsetBytes + done, lengthBytes: Math.min(imageReadBytesMax, target.length - done) };
      for (const run of await this.readRuns(part)) {
        const at = run.offsetBytes - offsetBytes;
        if (run.kind === 'data') target.set(run.bytes, at);
        else target.fill(0, at, at + run.lengthBytes);
        if (run.kind === 'lost') lost.push(run);
      }
    }
    if (lost.length > 0) throw new UnreadableSectors({ path: `${this.source.manifest.pointId}/${this.disk.facts.diskId}`, extents: mergeExtents(lost) });
  }

  close(): Promise<void> {
    this.loader.clear();
    this.windows.clear();
    return Promise.resolve();
  }

  /** The map entries of `range` at their places on the disk, cut to it. */
  private async piecesOf(range: Extent): Promise<Piece[]> {
    const pieces: Piece[] = [];
    for (const segment of segmentsIn(this.segments, range)) {
      if (!segment.volume) {
        pieces.push({ offsetBytes: segment.offsetBytes, lengthBytes: segment.lengthBytes, entry: null, segment });
        continue;
      }
      const inVolume = { offsetBytes: segment.volume.offsetBytes, lengthBytes: segment.lengthBytes };
      const entries = await this.windows.find(this.numbers[segment.volume.index] ?? 0, inVolume);
      for (const entry of entries) pieces.push(pieceOf(segment, entry));
    }
    return pieces;
  }

  private chunksOf(pieces: readonly Piece[]): VolumeChunk[] {
    return pieces.flatMap(({ entry, segment }) => (entry?.kind === 'data' ? [{ volume: this.numbers[segment.volume?.index ?? 0] ?? 0, chunk: entry }] : []));
  }

  private runOf({ entry, segment, offsetBytes, lengthBytes }: Piece, chunk: Uint8Array | null): ImageRun {
    if (!entry || entry.kind === 'zero' || entry.kind === 'unallocated') return { kind: 'zero', offsetBytes, lengthBytes };
    const volume = segment.volume ?? noVolume;
    if (entry.kind !== 'data' || !chunk) {
      const volumeId = this.disk.volumes[volume.index]?.volumeId ?? '';
      return { kind: 'lost', offsetBytes, lengthBytes, reason: entry.kind === 'unreadable' ? 'unreadable' : 'damaged', volumeId };
    }
    const from = volume.offsetBytes + offsetBytes - segment.offsetBytes - entry.offsetBytes;
    return { kind: 'data', offsetBytes, lengthBytes, bytes: chunk.subarray(from, from + lengthBytes) };
  }

  private async *statusPieces(range: Extent): AsyncGenerator<RunStatus> {
    for (const segment of segmentsIn(this.segments, range)) {
      if (!segment.volume) {
        yield { offsetBytes: segment.offsetBytes, lengthBytes: segment.lengthBytes, state: 'hole' };
        continue;
      }
      const number = this.numbers[segment.volume.index] ?? 0;
      const inVolume = { offsetBytes: segment.volume.offsetBytes, lengthBytes: segment.lengthBytes };
      // Long ranges are walked once and not remembered, so that a glance at a whole disk does not push out the maps that reads need.
      const entries = segment.lengthBytes > 2 * mapWindowBytes ? this.source.readMap(number, inVolume) : await this.windows.find(number, inVolume);
      for await (const entry of entries) {
        const { offsetBytes, lengthBytes } = pieceOf(segment, entry);
        yield { offsetBytes, lengthBytes, state: stateOf(entry) };
      }
    }
  }

  private fetchAhead(range: Extent): void {
    const ahead = this.readAhead?.note(range);
    if (!ahead || this.readAheads >= readAheadsMax) return;
    this.readAheads += 1;
    this.piecesOf(ahead)
      .then((pieces) => this.loader.load(this.chunksOf(pieces)))
      // Whoever really reads there sees the error; a guess that failed is nobody's failure.
      .catch(() => undefined)
      .finally(() => { this.readAheads -= 1; });
  }
}

/** The part of a volume's map entry that lies in `segment`, on the disk. */
function pieceOf(segment: DiskSegment, entry: KnownEntry): Piece {
  const shiftBytes = segment.offsetBytes - (segment.volume ?? noVolume).offsetBytes;
  const offsetBytes = Math.max(segment.offsetBytes, entry.offsetBytes + shiftBytes);
  return { offsetBytes, lengthBytes: Math.min(endOf(segment), endOf(entry) + shiftBytes) - offsetBytes, entry, segment };
}

function stateOf(entry: KnownEntry): RunState {
  if (entry.kind === 'zero') return 'zero';
  return entry.kind === 'unallocated' ? 'hole' : 'data';
}
