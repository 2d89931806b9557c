import { endOf, type DiskLayout } from '@lifeboat/model';

/** Entries of a GPT that every tool makes: 128 of 128 bytes. */
const gptTableBytesMin = 16_384;

/**
 * The size a disk must have at least to hold this layout: the end of the last partition, and behind it the backup table of a GPT.
 * A disk without a table needs its full size. Pure; the raw tables are only measured.
 */
export function neededEndBytes(layout: DiskLayout): number {
  if (layout.table === 'none') return layout.sizeBytes;
  const partitionsEnd = Math.max(0, ...layout.partitions.map(endOf));
  if (layout.table === 'mbr') return Math.max(partitionsEnd, ...layout.tableSectors.map((sector) => sector.offsetBytes + base64Bytes(sector.base64)));
  const tableBytes = Math.max(gptTableBytesMin, ...layout.tableSectors.map((sector) => base64Bytes(sector.base64)));
  const sectorBytes = layout.logicalSectorBytes;
  return partitionsEnd + Math.ceil(tableBytes / sectorBytes) * sectorBytes + sectorBytes;
}

function base64Bytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.floor((base64.length * 3) / 4) - padding;
}
