import { type DiskManifest, MIB, type Partition, type VolumeManifest } from '@lifeboat/model';
import type { z } from 'zod';

type Disk = z.infer<typeof DiskManifest>;

/** A stretch of a disk as the map draws it. `volume` is what was captured of a partition; null says that it is not in this point. */
export type DiskStretch = Readonly<{ kind: 'partition' | 'gap' | 'whole'; offsetBytes: number; lengthBytes: number; partition: Partition | null; volume: VolumeManifest | null }>;

/** Free space shorter than this is alignment, not something to show. */
const gapMin = 8 * MIB;

/** The stretches of a disk in their order: partitions, and free space between and after them. Extended partitions are left out, their logical ones stand for them. */
export function layoutDisk(disk: Disk): readonly DiskStretch[] {
  const { layout } = disk;
  if (layout.partitions.length === 0) {
    const volume = disk.volumes.find((entry) => entry.role !== 'partition') ?? null;
    return [{ kind: 'whole', offsetBytes: 0, lengthBytes: layout.sizeBytes, partition: null, volume }];
  }
  const stretches: DiskStretch[] = [];
  let at = 0;
  const gap = (untilBytes: number): void => {
    if (untilBytes - at >= gapMin) stretches.push({ kind: 'gap', offsetBytes: at, lengthBytes: untilBytes - at, partition: null, volume: null });
  };
  for (const partition of layout.partitions.filter((entry) => !isExtended(entry))) {
    gap(partition.offsetBytes);
    const volume = disk.volumes.find((entry) => entry.role === 'partition' && entry.partitionNumber === partition.number) ?? null;
    stretches.push({ kind: 'partition', offsetBytes: partition.offsetBytes, lengthBytes: partition.lengthBytes, partition, volume });
    at = Math.max(at, partition.offsetBytes + partition.lengthBytes);
  }
  gap(layout.sizeBytes);
  return stretches;
}

const isExtended = (partition: Partition): boolean => ['05', '0f', '85'].includes(partition.type.toLowerCase());

/** Share of a stretch that holds data, 0..1; null when it is not in the point. */
export function usedShare(stretch: DiskStretch): number | null {
  return stretch.volume === null || stretch.lengthBytes === 0 ? null : Math.min(1, stretch.volume.counts.dataBytes / stretch.lengthBytes);
}

/** Partition types worth naming, from the UEFI specification's list, systemd's Discoverable Partitions and the MBR type bytes. */
const roles: Readonly<Record<string, string>> = {
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b': 'EFI system',
  '21686148-6449-6e6f-744e-656564454649': 'BIOS boot',
  'e3c9e316-0b5c-4db8-817d-f92df00215ae': 'Microsoft reserved',
  'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7': 'Windows data',
  'de94bba4-06d1-4d40-a16a-bfd50179d6ac': 'Windows recovery',
  '0fc63daf-8483-4772-8e79-3d69d8477de4': 'Linux',
  '4f68bce3-e8cd-4db1-96e7-fbcaf984b709': 'Linux root',
  '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f': 'Linux swap',
  'e6d6d379-f507-44c2-a23c-238f2a3df928': 'Linux LVM',
  'a19d880f-05fc-4d3b-a006-743f0f84911e': 'Linux RAID',
  '933ac7e1-2eb4-4f13-b844-0e14e2aef915': 'Linux home',
  '07': 'Windows', '0b': 'FAT', '0c': 'FAT', '82': 'Linux swap', '83': 'Linux', '8e': 'Linux LVM', ef: 'EFI system', ee: 'GPT protective',
};

/** What a partition is for, as its table says; the type itself when it is none of the well-known ones. */
export function partitionRole(partition: Partition): string {
  return roles[partition.type.toLowerCase()] ?? partition.type;
}

/** The name of a stretch: label of the filesystem, else name of the partition, else what it is. */
export function stretchName(stretch: DiskStretch): string {
  if (stretch.kind === 'gap') return 'Unallocated';
  if (stretch.kind === 'whole') return stretch.volume?.label ?? 'Whole disk';
  return stretch.volume?.label ?? (stretch.partition?.name === '' || stretch.partition === null ? `Partition ${String(stretch.partition?.number ?? '')}` : stretch.partition.name);
}
