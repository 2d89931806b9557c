import type { Partition } from '@lifeboat/model';
import { GPT_ENTRY_BYTES } from './gpt-header.js';
import { readGuid, writeGuid } from './guid.js';

const UNUSED_TYPE = '00000000-0000-0000-0000-000000000000';
const NAME_UNITS = 36;

/**
 * The used entries of a GPT entry array, in table order and unchecked: they may overlap or lie outside the disk.
 * @see UEFI Specification 2.10, section 5.3.3.
 */
export function parseGptEntries(table: Uint8Array, entryBytes: number, sectorBytes: number): Partition[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const partitions: Partition[] = [];
  for (let at = 0; at + entryBytes <= table.length; at += entryBytes) {
    const type = readGuid(table, at);
    if (type === UNUSED_TYPE) continue;
    const firstLba = view.getBigUint64(at + 32, true);
    const lastLba = view.getBigUint64(at + 40, true);
    partitions.push({
      number: at / entryBytes + 1,
      offsetBytes: bytesOf(firstLba, sectorBytes),
      lengthBytes: lastLba < firstLba ? 0 : bytesOf(lastLba - firstLba + 1n, sectorBytes),
      type,
      guid: readGuid(table, at + 16),
      name: readName(view, at + 56),
      attributes: view.getBigUint64(at + 48, true).toString(16).padStart(16, '0'),
      logical: false,
    });
  }
  return partitions;
}

/** Bytes of an LBA count; one beyond every disk becomes the largest number and so fails every range check. */
function bytesOf(sectors: bigint, sectorBytes: number): number {
  const bytes = sectors * BigInt(sectorBytes);
  return bytes > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(bytes);
}

function readName(view: DataView, offset: number): string {
  let name = '';
  for (let unit = 0; unit < NAME_UNITS; unit += 1) {
    const code = view.getUint16(offset + unit * 2, true);
    if (code === 0) break;
    name += String.fromCharCode(code);
  }
  return name;
}

/** An entry array of `entryCount` entries; the caller has checked numbers, GUIDs and alignment. */
export function encodeGptEntries(partitions: readonly Partition[], entryCount: number, sectorBytes: number): Uint8Array {
  const table = new Uint8Array(entryCount * GPT_ENTRY_BYTES);
  const view = new DataView(table.buffer);
  for (const partition of partitions) {
    const at = (partition.number - 1) * GPT_ENTRY_BYTES;
    writeGuid(partition.type, table, at);
    writeGuid(partition.guid ?? UNUSED_TYPE, table, at + 16);
    view.setBigUint64(at + 32, BigInt(partition.offsetBytes / sectorBytes), true);
    view.setBigUint64(at + 40, BigInt((partition.offsetBytes + partition.lengthBytes) / sectorBytes - 1), true);
    view.setBigUint64(at + 48, BigInt(`0x${partition.attributes}`), true);
    for (let unit = 0; unit < Math.min(NAME_UNITS, partition.name.length); unit += 1) {
      view.setUint16(at + 56 + unit * 2, partition.name.charCodeAt(unit), true);
    }
  }
  return table;
}
