import type { Extent } from '@lifeboat/model';
import { type MetadataSection, type MetadataValue, parseMetadataText } from './metadata-text.js';

const SECTOR_BYTES = 512;
const EXTENT_BYTES_MAX = 64 * 1024 ** 3;
const SEGMENTS_MAX = 100_000;

/** A logical volume as far as it lies on this physical volume. */
export type LogicalVolume = Readonly<{
  name: string;
  /** Its bytes in order, when all of them lie here one after the other; null when it is striped, mirrored, thin, part of another or elsewhere. */
  pieces: readonly Extent[] | null;
  /** Every byte of this physical volume that is given to it. */
  areas: readonly Extent[];
}>;

/** The part of a volume group that concerns one of its physical volumes. */
export type VolumeGroup = Readonly<{ name: string; firstExtentBytes: number; endBytes: number; logicalVolumes: readonly LogicalVolume[] }>;

/**
 * Reads which parts of a physical volume belong to which logical volume.
 * @param uuid of the physical volume, without hyphens.
 * @returns a few words when the text makes no sense. Never throws.
 * @see lvm2, lib/format_text/import_vsn1.c.
 */
export function readVolumeGroup(text: string, uuid: string, volumeBytes: number): VolumeGroup | string {
  const root = parseMetadataText(text);
  const found = root && Object.entries(root).find(([, value]) => isSection(value) && isSection(value['physical_volumes']));
  if (!found) return 'text makes no sense';
  const [name, group] = found as [string, MetadataSection];
  const extentBytes = numberOf(group['extent_size']) * SECTOR_BYTES;
  const own = sectionsOf(group['physical_volumes']).find(([, volume]) => textOf(volume['id']).replaceAll('-', '') === uuid);
  if (!own) return 'the volume group does not know this volume';
  const [ownName, volume] = own;
  const [firstExtentBytes, extentCount] = [numberOf(volume['pe_start']) * SECTOR_BYTES, numberOf(volume['pe_count'])];
  const endBytes = firstExtentBytes + extentCount * extentBytes;
  if (!(extentBytes >= SECTOR_BYTES) || extentBytes > EXTENT_BYTES_MAX || !Number.isSafeInteger(endBytes) || endBytes > volumeBytes) return 'absurd extents';
  const place = { ownName, extentBytes, firstExtentBytes, endBytes, extentCount };
  const volumes = sectionsOf(group['logical_volumes']);
  const parts = partsOfOthers(volumes);
  const logicalVolumes: LogicalVolume[] = [];
  for (const [volumeName, section] of volumes) {
    const logicalVolume = readLogicalVolume(volumeName, section, { ...place, isPart: parts.has(volumeName) });
    if (typeof logicalVolume === 'string') return logicalVolume;
    logicalVolumes.push(logicalVolume);
  }
  return { name, firstExtentBytes, endBytes, logicalVolumes };
}

type Place = Readonly<{ ownName: string; extentBytes: number; firstExtentBytes: number; extentCount: number; isPart: boolean }>;

function readLogicalVolume(name: string, section: MetadataSection, place: Place): LogicalVolume | string {
  const segments = sectionsOf(section).filter(([key]) => /^segment\d+$/.test(key)).map(([, segment]) => segment);
  if (segments.length !== numberOf(section['segment_count']) || segments.length > SEGMENTS_MAX) return 'absurd segments';
  segments.sort((a, b) => numberOf(a['start_extent']) - numberOf(b['start_extent']));
  const status = section['status'];
  let pieces: Extent[] | null = !place.isPart && Array.isArray(status) && status.includes('VISIBLE') ? [] : null;
  const areas: Extent[] = [];
  let next = 0;
  for (const segment of segments) {
    const [start, count] = [numberOf(segment['start_extent']), numberOf(segment['extent_count'])];
    if (start !== next || !(count > 0)) return 'absurd segments';
    next = start + count;
    const own = ownAreas(segment, count, place);
    if (own === null) return 'segment outside the volume';
    areas.push(...own);
    const simple = segment['type'] === 'striped' && segment['stripe_count'] === 1 && own.length === 1 && listOf(segment['stripes']).length === 2;
    if (simple) pieces?.push(...own);
    else pieces = null;
  }
  return { name, areas, pieces: pieces && pieces.length > 0 ? pieces : null };
}

/** What a segment takes of this physical volume, whatever its type: each list of pairs of a volume and an extent is looked at. */
function ownAreas(segment: MetadataSection, count: number, place: Place): Extent[] | null {
  const areas: Extent[] = [];
  const stripes = segment['type'] === 'striped' ? Math.max(1, numberOf(segment['stripe_count'])) : 1;
  const length = Math.ceil(count / stripes);
  for (const list of Object.values(segment)) {
    const values = listOf(list);
    values.forEach((value, at) => {
      if (value !== place.ownName || typeof values[at + 1] !== 'number') return;
      areas.push({ offsetBytes: place.firstExtentBytes + numberOf(values[at + 1]) * place.extentBytes, lengthBytes: length * place.extentBytes });
    });
  }
  const end = place.firstExtentBytes + place.extentCount * place.extentBytes;
  return areas.every((area) => area.offsetBytes >= place.firstExtentBytes && area.offsetBytes + area.lengthBytes <= end) ? areas : null;
}

/** Names that segments mention: what they name holds no filesystem of its own, except the origin of a snapshot. */
function partsOfOthers(volumes: readonly (readonly [string, MetadataSection])[]): Set<string> {
  const parts = new Set<string>();
  for (const [, volume] of volumes) {
    for (const [, segment] of sectionsOf(volume)) {
      for (const [key, value] of Object.entries(segment)) {
        if (key === 'origin' && segment['type'] === 'snapshot') continue;
        for (const name of [value, ...listOf(value)]) if (typeof name === 'string') parts.add(name);
      }
    }
  }
  return parts;
}

const isSection = (value: MetadataValue | undefined): value is MetadataSection => typeof value === 'object' && !Array.isArray(value);

const sectionsOf = (value: MetadataValue | undefined): [string, MetadataSection][] => (isSection(value) ? Object.entries(value).flatMap(([name, inner]) => (isSection(inner) ? [[name, inner] as [string, MetadataSection]] : [])) : []);

const listOf = (value: MetadataValue | undefined): readonly MetadataValue[] => (Array.isArray(value) ? (value as readonly MetadataValue[]) : []);

/** NaN, which fails every check, when it is no number. */
const numberOf = (value: MetadataValue | undefined): number => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN);

const textOf = (value: MetadataValue | undefined): string => (typeof value === 'string' ? value : '');
