import { type DiskLayout, type Partition, endOf } from '@lifeboat/model';
import type { BlockReader } from '../device/block-reader.js';
import { LayoutInconsistent, TargetTooSmall } from './layout-errors.js';
import { MBR_BYTES, MBR_SIGNATURE_OFFSET, parseMbrEntries } from './mbr-sector.js';
import type { TableTarget } from './plan-gpt.js';
import { readMbrPartitions } from './read-mbr.js';
import type { RawBytes } from './read-sectors.js';

/**
 * The writes that make the MBR and EBRs of `layout`, the MBR last. The recorded sectors are used as they are, because nothing in them depends on
 * the size of the disk; it is checked that they say what the partition list says. The disk signature is that of the layout.
 */
export async function planMbr(layout: DiskLayout, target: TableTarget): Promise<RawBytes[]> {
  if (target.sectorBytes !== layout.logicalSectorBytes) throw new LayoutInconsistent('an MBR counts in the sectors of its own disk and cannot be moved to a disk with others');
  const sectors = layout.tableSectors.map(({ offsetBytes, base64 }) => ({ offsetBytes, bytes: Buffer.from(base64, 'base64') }));
  const mbr = sectors.find((sector) => sector.offsetBytes === 0);
  if (mbr === undefined || sectors.some((sector) => sector.bytes.length !== MBR_BYTES)) throw new LayoutInconsistent('the MBR was not recorded');
  for (const sector of sectors) {
    if (endOf({ offsetBytes: sector.offsetBytes, lengthBytes: MBR_BYTES }) > target.sizeBytes) {
      throw new TargetTooSmall({ neededBytes: sector.offsetBytes + MBR_BYTES, targetBytes: target.sizeBytes });
    }
  }
  await assertSamePartitions(layout, sectors);
  if (layout.tableId !== null && /^[0-9a-f]{8}$/i.test(layout.tableId)) mbr.bytes.writeUInt32LE(Number.parseInt(layout.tableId, 16), MBR_SIGNATURE_OFFSET);
  return [...sectors.filter((sector) => sector !== mbr), mbr];
}

async function assertSamePartitions(layout: DiskLayout, sectors: readonly RawBytes[]): Promise<void> {
  const recorded = recordedDisk(layout, sectors);
  const entries = parseMbrEntries(sectors.find((sector) => sector.offsetBytes === 0)?.bytes ?? new Uint8Array(MBR_BYTES));
  if (entries === null) throw new LayoutInconsistent('the recorded MBR is none');
  const { partitions } = await readMbrPartitions(recorded, entries, layout.logicalSectorBytes);
  const places = (list: readonly Partition[]): string => list.map(({ number, offsetBytes, lengthBytes, type }) => [number, offsetBytes, lengthBytes, type].join(':')).join(' ');
  if (places(partitions) !== places(layout.partitions)) throw new LayoutInconsistent('the recorded MBR and EBRs describe other partitions');
}

/** A disk of zeros with the recorded sectors in their places. */
function recordedDisk(layout: DiskLayout, sectors: readonly RawBytes[]): BlockReader {
  return {
    sizeBytes: layout.sizeBytes,
    logicalSectorBytes: layout.logicalSectorBytes,
    readFully: (wanted, offsetBytes) => {
      wanted.fill(0);
      const sector = sectors.find((candidate) => candidate.offsetBytes === offsetBytes);
      if (sector) wanted.set(sector.bytes.subarray(0, wanted.length));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}
