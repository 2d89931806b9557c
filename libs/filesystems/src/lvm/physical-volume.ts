import type { BlockReader } from '@lifeboat/block-device';
import { crc32 } from '../bytes/crc.js';
import { readOrNull } from '../bytes/read-or-null.js';

const SECTOR_BYTES = 512;
const LABEL_SECTORS = 4;
const SEED = 0xf597_a6cf;
const AREA_MAGIC = ' LVM2 x[5A%r0N*>';
const AREA_ENTRY_BYTES = 16;
const PV_HEADER_BYTES = 40;
const IGNORED = 0x1;
/** The default is 1 MiB; one of 16 MiB serves thousands of volumes. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

/** What a physical volume says of itself, and the newest description of its volume group. */
export type PhysicalVolume = Readonly<{ uuid: string; text: string }>;

/**
 * Reads the label of a physical volume and the text of its volume group.
 * @returns a few words when there is none that can be trusted. Never throws for bad bytes.
 * @see lvm2, lib/label/label.h, lib/format_text/layout.h.
 */
export async function readPhysicalVolume(volume: BlockReader): Promise<PhysicalVolume | string> {
  const head = await readOrNull(volume, 0, LABEL_SECTORS * SECTOR_BYTES);
  if (head === null) return 'label unreadable';
  for (let sector = 0; sector < LABEL_SECTORS; sector += 1) {
    const label = head.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
    if (label.toString('latin1', 0, 8) !== 'LABELONE') continue;
    if (label.readBigUInt64LE(8) !== BigInt(sector) || crc32(SEED, label.subarray(20)) !== label.readUInt32LE(16)) return 'label damaged';
    const header = label.readUInt32LE(20);
    if (header + PV_HEADER_BYTES + 2 * AREA_ENTRY_BYTES > SECTOR_BYTES) return 'label damaged';
    const text = await newestText(volume, metadataAreas(label, header + PV_HEADER_BYTES));
    return text === null ? 'no description of the volume group' : { uuid: label.toString('latin1', header, header + 32), text };
  }
  return 'no label';
}

/** The second list of areas; both end with an empty entry. */
function metadataAreas(label: Buffer, firstEntry: number): { offsetBytes: number; lengthBytes: number }[] {
  const areas: { offsetBytes: number; lengthBytes: number }[] = [];
  let lists = 0;
  for (let at = firstEntry; at + AREA_ENTRY_BYTES <= label.length && lists < 2; at += AREA_ENTRY_BYTES) {
    const [offsetBytes, lengthBytes] = [Number(label.readBigUInt64LE(at)), Number(label.readBigUInt64LE(at + 8))];
    if (offsetBytes === 0) lists += 1;
    else if (lists === 1) areas.push({ offsetBytes, lengthBytes });
  }
  return areas;
}

/** Of several copies the one with the highest sequence number. */
async function newestText(volume: BlockReader, areas: readonly { offsetBytes: number; lengthBytes: number }[]): Promise<string | null> {
  const texts: string[] = [];
  for (const area of areas) {
    const text = await readArea(volume, area);
    if (text !== null) texts.push(text);
  }
  return texts.sort((a, b) => sequenceOf(b) - sequenceOf(a))[0] ?? null;
}

const sequenceOf = (text: string): number => Number(/^\s*seqno\s*=\s*(\d+)/m.exec(text)?.[1] ?? -1);

/** The text lies in a ring behind the header of its area. */
async function readArea(volume: BlockReader, area: Readonly<{ offsetBytes: number; lengthBytes: number }>): Promise<string | null> {
  const header = await readOrNull(volume, area.offsetBytes, SECTOR_BYTES);
  if (header?.toString('latin1', 4, 20) !== AREA_MAGIC || crc32(SEED, header.subarray(4)) !== header.readUInt32LE(0)) return null;
  const [offset, length] = [Number(header.readBigUInt64LE(40)), Number(header.readBigUInt64LE(48))];
  const sane = length > 0 && length <= TEXT_BYTES_MAX && offset >= SECTOR_BYTES && offset < area.lengthBytes && length <= area.lengthBytes - SECTOR_BYTES;
  if (!sane || header.readUInt32LE(60) & IGNORED) return null;
  const firstLength = Math.min(length, area.lengthBytes - offset);
  const first = await readOrNull(volume, area.offsetBytes + offset, firstLength);
  const rest = firstLength < length ? await readOrNull(volume, area.offsetBytes + SECTOR_BYTES, length - firstLength) : Buffer.alloc(0);
  if (first === null || rest === null) return null;
  const text = Buffer.concat([first, rest]);
  return crc32(SEED, text) === header.readUInt32LE(56) ? text.toString('utf8').replace(/\0+$/, '') : null;
}
