import type { BlockReader } from '@lifeboat/block-device';
import { type Extent, type Warning, clipExtents, mergeExtents, totalBytes } from '@lifeboat/model';
import { wholeVolume } from '../opaque/whole-volume.js';
import type { FilesystemIdentity, LeftOutFile, UncleanReason, UsedExtents } from '../used-extents.js';
import { mapThrough, mappedReader } from './mapped-reader.js';
import { readPhysicalVolume } from './physical-volume.js';
import { type LogicalVolume, type VolumeGroup, readVolumeGroup } from './volume-group.js';

const SECTOR_BYTES = 512;
const WARNINGS_MAX = 50;

/** Reads what a logical volume holds; handed in because it may hold anything. */
type ReadContents = (volume: BlockReader) => Promise<UsedExtents>;

/** What the logical volumes of a physical one add up to. */
type Gathered = { used: Extent[]; overReportedBytes: number; warnings: Warning[]; uncleanReason: UncleanReason | null; leftOut: LeftOutFile[]; blockSizeBytes: number };

/**
 * Lists the bytes an LVM2 physical volume uses: what lies before and behind its extents, and of each logical volume what its own filesystem uses. A
 * logical volume that is not simply laid out here, e.g. thin, mirrored, striped or partly on another disk, is kept as a whole. Extents given to none
 * are free.
 *
 * @param volume opened read-only and at rest.
 * @param read for the logical volumes, whose doubts and uncleanness become those of the result, by name.
 * @throws only what `volume.readFully` throws, except UNREADABLE_SECTORS.
 * @see lvm2, lib/format_text. Cost: the metadata text, and what the filesystems cost.
 */
export async function readLvmUsedExtents(volume: BlockReader, identity: FilesystemIdentity, read: ReadContents): Promise<UsedExtents> {
  const own = await readPhysicalVolume(volume);
  const group = typeof own === 'string' ? own : readVolumeGroup(own.text, own.uuid, volume.sizeBytes);
  if (typeof group === 'string') return wholeVolume(volume, identity, { warnings: [{ code: 'FS_MAP_DAMAGED', message: `the volume group cannot be read (${group}): every non-zero block is kept` }] });
  const gathered: Gathered = { used: outsideExtents(group, volume.sizeBytes), overReportedBytes: 0, warnings: [], uncleanReason: null, leftOut: [], blockSizeBytes: SECTOR_BYTES };
  for (const logicalVolume of group.logicalVolumes) await addLogicalVolume(gathered, { volume, logicalVolume, read });
  const { used, uncleanReason, leftOut, warnings, ...rest } = gathered;
  return {
    ...identity, ...rest, uncleanReason,
    ...(leftOut.length > 0 ? { leftOut } : {}),
    used: clipExtents(mergeExtents(used), volume.sizeBytes),
    clean: uncleanReason === null,
    warnings: warnings.slice(0, WARNINGS_MAX),
    mode: 'bitmap',
  };
}

const outsideExtents = (group: VolumeGroup, sizeBytes: number): Extent[] => [
  { offsetBytes: 0, lengthBytes: group.firstExtentBytes },
  { offsetBytes: group.endBytes, lengthBytes: sizeBytes - group.endBytes },
];

async function addLogicalVolume(gathered: Gathered, at: Readonly<{ volume: BlockReader; logicalVolume: LogicalVolume; read: ReadContents }>): Promise<void> {
  const { name, pieces, areas } = at.logicalVolume;
  if (pieces === null) {
    gathered.used.push(...areas);
    const bytes = totalBytes(areas);
    if (bytes > 0) gathered.warnings.push({ code: 'LVM_VOLUME_OPAQUE', message: `logical volume ${name}: not laid out simply on this disk, all its ${String(bytes)} bytes here are kept` });
    return;
  }
  const contents = await at.read(mappedReader(at.volume, { pieces }));
  for (const extent of contents.used) gathered.used.push(...mapThrough({ pieces }, extent));
  gathered.overReportedBytes += contents.overReportedBytes;
  for (const { code, message } of contents.warnings) gathered.warnings.push({ code, message: `logical volume ${name}: ${message}`.slice(0, 1000) });
  for (const { path, lengthBytes } of contents.leftOut ?? []) gathered.leftOut.push({ path: `${name}:${path}`, lengthBytes });
  const { uncleanReason } = contents;
  if (uncleanReason && !gathered.uncleanReason) gathered.uncleanReason = { code: uncleanReason.code, message: `logical volume ${name}: ${uncleanReason.message}` };
}
