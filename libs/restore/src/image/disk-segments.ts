import { endOf, type DiskManifest, type Extent } from '@lifeboat/model';

/**
 * A run of bytes of a disk and where they come from: a volume of the disk (its place in the manifest's list, and the offset in it), or null where the
 * restore point says nothing and zeros are read.
 */
export type DiskSegment = Extent & Readonly<{ volume: Readonly<{ index: number; offsetBytes: number }> | null }>;

/**
 * Divides a disk among its volumes: partitions at their places, the volume of tables and gaps around them. Where volumes overlap, the one that
 * begins first keeps its bytes. Pure.
 *
 * @returns segments in order, without gap, from 0 to the size of the disk.
 */
export function divideDisk(disk: DiskManifest): DiskSegment[] {
  const { sizeBytes } = disk.layout;
  const volumes = disk.volumes.map((volume, index) => ({ volume, index })).sort((left, right) => left.volume.offsetBytes - right.volume.offsetBytes);
  const around = volumes.find(({ volume }) => volume.role === 'outside-partitions');
  const segments: DiskSegment[] = [];
  const fill = (offsetBytes: number, endBytes: number): void => {
    // What lies around the partitions, then what not even that volume covers.
    const covered = around ? Math.max(offsetBytes, Math.min(endBytes, endOf(around.volume))) : offsetBytes;
    if (around && covered > offsetBytes) segments.push(segmentOf({ index: around.index, startBytes: around.volume.offsetBytes }, offsetBytes, covered));
    if (covered < endBytes) segments.push({ offsetBytes: covered, lengthBytes: endBytes - covered, volume: null });
  };
  let at = 0;
  for (const { volume, index } of volumes) {
    const start = Math.max(at, volume.offsetBytes);
    const end = Math.min(endOf(volume), sizeBytes);
    if (volume.role === 'outside-partitions' || start >= end) continue;
    if (start > at) fill(at, start);
    segments.push(segmentOf({ index, startBytes: volume.offsetBytes }, start, end));
    at = end;
  }
  if (at < sizeBytes) fill(at, sizeBytes);
  return segments;
}

function segmentOf(volume: Readonly<{ index: number; startBytes: number }>, offsetBytes: number, endBytes: number): DiskSegment {
  return { offsetBytes, lengthBytes: endBytes - offsetBytes, volume: { index: volume.index, offsetBytes: offsetBytes - volume.startBytes } };
}

/** The segments that touch `range`, cut to it. Cost: O(log n) and the answer. */
export function segmentsIn(segments: readonly DiskSegment[], range: Extent): DiskSegment[] {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const segment = segments[middle];
    if (segment && endOf(segment) <= range.offsetBytes) low = middle + 1;
    else high = middle;
  }
  const found: DiskSegment[] = [];
  for (let index = low; index < segments.length; index += 1) {
    const segment = segments[index];
    if (!segment || segment.offsetBytes >= endOf(range)) break;
    found.push(cut(segment, range));
  }
  return found;
}

function cut(segment: DiskSegment, range: Extent): DiskSegment {
  const offsetBytes = Math.max(segment.offsetBytes, range.offsetBytes);
  const lengthBytes = Math.min(endOf(segment), endOf(range)) - offsetBytes;
  const { volume } = segment;
  return { offsetBytes, lengthBytes, volume: volume && { index: volume.index, offsetBytes: volume.offsetBytes + offsetBytes - segment.offsetBytes } };
}
