import { readOrNull } from '../bytes/read-or-null.js';
import type { UncleanReason } from '../used-extents.js';
import type { Mft } from './mft.js';
import { ATTRIBUTE, applyFixups } from './mft-record.js';

const VOLUME_RECORD = 3;
const LOG_RECORD = 2;
const VOLUME_DIRTY = 0x1;
const CHKDSK_UNDERWAY = 0x4000;
const PAGE_BYTES = 4096;
const NO_CLIENT = 0xffff;
const LOG_CLEAN = 0x2;

/**
 * Why the volume, as it lies there, is not consistent; null when it is: the flags that Windows sets when it wants a check, and a log that says that
 * it was in use.
 * @see Linux, fs/ntfs3/ntfs.h, `struct VOLUME_INFO`; ntfs-3g, libntfs-3g/logfile.c, `ntfs_is_logfile_clean`.
 */
export async function ntfsUncleanReason(mft: Mft): Promise<UncleanReason | null> {
  const volume = await mft.read(VOLUME_RECORD);
  const information = volume?.attributes.find((one) => one.type === ATTRIBUTE.volumeInformation)?.resident;
  if (!information || information.length < 12) return { code: 'FS_HAS_ERRORS', message: 'the record of the volume is damaged; it needs chkdsk' };
  const flags = information.readUInt16LE(10);
  if (flags & (VOLUME_DIRTY | CHKDSK_UNDERWAY)) return { code: 'FS_HAS_ERRORS', message: 'the volume is marked dirty; it needs chkdsk' };
  return (await logIsClean(mft)) ? null : { code: 'FS_NEEDS_RECOVERY', message: 'the log must be replayed first: Windows uses the volume, or did when the computer stopped' };
}

/** The label as Windows shows it; null when there is none. */
export async function ntfsLabel(mft: Mft): Promise<string | null> {
  const volume = await mft.read(VOLUME_RECORD);
  const name = volume?.attributes.find((one) => one.type === ATTRIBUTE.volumeName)?.resident;
  return name && name.length > 0 ? name.toString('utf16le') : null;
}

/** Two restart pages begin the log; the newer one counts. A log that was wiped (all ones) is clean, as mkntfs and ntfs-3g leave it. */
async function logIsClean(mft: Mft): Promise<boolean> {
  const record = await mft.read(LOG_RECORD);
  const log = record === null ? null : await mft.runsOf(record, ATTRIBUTE.data, '');
  const first = log?.runs[0];
  if (!log?.complete || !first || first.cluster === null) return false;
  const length = Math.min(2 * PAGE_BYTES, first.count * mft.geometry.clusterBytes);
  const bytes = await readOrNull(mft.volume, first.cluster * mft.geometry.clusterBytes, length);
  if (bytes === null) return false;
  if (bytes.every((byte) => byte === 0xff)) return true;
  const pages = [bytes.subarray(0, PAGE_BYTES), bytes.subarray(PAGE_BYTES)].flatMap((page) => restartArea(page) ?? []);
  const newest = pages.sort((a, b) => (a.sequence < b.sequence ? 1 : -1))[0];
  return newest !== undefined && newest.clean;
}

function restartArea(page: Buffer): { sequence: bigint; clean: boolean } | null {
  if (page.length < PAGE_BYTES || page.toString('latin1', 0, 4) !== 'RSTR' || !applyFixups(page)) return null;
  const area = page.readUInt16LE(24);
  if (area + 16 > page.length) return null;
  const clean = page.readUInt16LE(area + 12) === NO_CLIENT || (page.readUInt16LE(area + 14) & LOG_CLEAN) !== 0;
  return { sequence: page.readBigUInt64LE(area), clean };
}
