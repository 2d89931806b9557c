import type { BlockReader } from '@lifeboat/block-device';
import { readOrNull } from '../bytes/read-or-null.js';
import type { XfsSuperblock } from './xfs-superblock.js';

/** The log is written in units of this size, whatever the sector size. */
const UNIT_BYTES = 512;
const RECORD_MAGIC = 0xfeed_babe;
/** As far back as unfinished writes can reach: eight buffers of 256 KiB. @see linux/fs/xfs/xfs_log_priv.h, `XLOG_TOTAL_REC_SHIFT`. */
const WINDOW_UNITS = (8 * 256 * 1024) / UNIT_BYTES;
/** Cycle words that one unit of a record's header keeps for the units after it. */
const HEADER_COVERS_BYTES = 32 * 1024;
const UNMOUNT_RECORD = 0x20;

/**
 * True when the last record of the log says that the filesystem was unmounted, so that nothing needs to be replayed.
 *
 * Where the log ends is told by the cycle number that begins every unit: it falls by one, or to zero, behind the last record. Any irregularity near the
 * end counts as not clean.
 *
 * @see linux/fs/xfs/xfs_log_recover.c, `xlog_find_head` and `xlog_check_unmount_rec`. Cost: some twenty single reads and one of 2 MiB.
 */
export async function xfsLogIsClean(volume: BlockReader, sb: XfsSuperblock): Promise<boolean> {
  const group = Number(sb.logStart >> BigInt(sb.groupBits));
  const block = Number(sb.logStart & ((1n << BigInt(sb.groupBits)) - 1n));
  const start = (group * sb.groupBlocks + block) * sb.blockBytes;
  const units = (sb.logBlocks * sb.blockBytes) / UNIT_BYTES;
  if (units < WINDOW_UNITS / 8 || start + units * UNIT_BYTES > volume.sizeBytes) return false;
  const cycleAt = async (unit: number): Promise<number | null> => cycleOf(await readOrNull(volume, start + unit * UNIT_BYTES, UNIT_BYTES));
  const [first, last] = [await cycleAt(0), await cycleAt(units - 1)];
  if (first === null || last === null) return false;
  // A log of zeros was never written.
  if (first === 0) return last === 0;
  const head = first === last ? units : await findHead(cycleAt, { units, cycle: first });
  if (head === null) return false;
  const from = Math.max(0, head - WINDOW_UNITS);
  const window = await readOrNull(volume, start + from * UNIT_BYTES, (head - from) * UNIT_BYTES);
  return window !== null && endsWithUnmount(window, first);
}

/** The first unit whose cycle is no longer `cycle`, by halving. */
async function findHead(cycleAt: (unit: number) => Promise<number | null>, log: Readonly<{ units: number; cycle: number }>): Promise<number | null> {
  let low = 0;
  let high = log.units - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const cycle = await cycleAt(middle);
    if (cycle === null) return null;
    if (cycle === log.cycle) low = middle;
    else high = middle;
  }
  return high;
}

/** True when the units, the last before the head, are all of the same cycle and end with an unmount record. */
function endsWithUnmount(window: Buffer, cycle: number): boolean {
  const units = window.length / UNIT_BYTES;
  const unit = (at: number): Buffer => window.subarray(at * UNIT_BYTES, (at + 1) * UNIT_BYTES);
  let record = -1;
  for (let at = 0; at < units; at += 1) {
    if (cycleOf(unit(at)) !== cycle) return false;
    if (unit(at).readUInt32BE(0) === RECORD_MAGIC) record = at;
  }
  if (record < 0) return false;
  const header = unit(record);
  const [version, lengthBytes, operations, size] = [header.readUInt32BE(8) & 0xf, header.readUInt32BE(12), header.readUInt32BE(40), header.readUInt32BE(320)];
  const headerUnits = version === 2 && size > HEADER_COVERS_BYTES ? Math.ceil(size / HEADER_COVERS_BYTES) : 1;
  const contents = record + headerUnits;
  if (operations !== 1 || contents >= units || contents + Math.ceil(lengthBytes / UNIT_BYTES) !== units) return false;
  return (unit(contents).readUInt8(9) & UNMOUNT_RECORD) !== 0;
}

/** The header of a record begins with a magic number and has its cycle behind it. */
function cycleOf(unit: Buffer | null): number | null {
  if (unit === null) return null;
  const word = unit.readUInt32BE(0);
  return word === RECORD_MAGIC ? unit.readUInt32BE(4) : word;
}
