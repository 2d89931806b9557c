import { endOf, MIB, type Extent } from '@lifeboat/model';
import { digestOf, isAllZero } from '@lifeboat/codec';
import type { BlockReader } from '@lifeboat/block-device';
import type { DiskRestorePlan, PlannedVolume } from '../plan/restore-plan.js';
import type { KnownEntry, VolumeSource } from '../source/volume-source.js';
import { ReadBackMismatch } from './restore-errors.js';
import type { RestoreReport } from './restore-report.js';

const rangesShownMax = 20;

export type VerifyDiskOptions = Readonly<{ source: VolumeSource; reader: BlockReader; report: RestoreReport; signal?: AbortSignal; onChecked?: (bytes: number, volumeId: string) => void }>;

/**
 * Reads a restored disk back and compares every chunk with the digest in the restore point and every run of zeros with zeros. Ranges that the
 * report lists as lost are left out, and so is what lies outside partitions when the table was made anew.
 *
 * @returns the number of bytes that were compared.
 * @throws ReadBackMismatch (RESTORE_READ_BACK_MISMATCH) after everything was compared, and what source and reader throw.
 */
export async function verifyDisk(plan: DiskRestorePlan, options: VerifyDiskOptions): Promise<number> {
  const differing: string[] = [];
  let checkedBytes = 0;
  for (const volume of plan.volumes) {
    if (volume.role === 'outside-partitions' && plan.rewriteTable) continue;
    for await (const entry of options.source.readMap(volume.number)) {
      options.signal?.throwIfAborted();
      if (endOf(entry) > volume.lengthBytes || isLost(options.report, volume, entry)) continue;
      const same = await isAsRecorded(options.reader, volume, entry);
      if (same === null) continue;
      checkedBytes += entry.lengthBytes;
      if (!same) differing.push(`${volume.volumeId}:${String(entry.offsetBytes)}+${String(entry.lengthBytes)}`);
      options.onChecked?.(entry.lengthBytes, volume.volumeId);
    }
  }
  if (differing.length > 0) throw new ReadBackMismatch({ targetPath: plan.target.path, ranges: differing.slice(0, rangesShownMax), rangeCount: differing.length });
  return checkedBytes;
}

function isLost(report: RestoreReport, volume: PlannedVolume, entry: Extent): boolean {
  return [...report.damaged, ...report.unreadable].some((lost) => lost.volumeId === volume.volumeId && lost.offsetBytes < endOf(entry) && endOf(lost) > entry.offsetBytes);
}

/** Null where nothing can be compared. */
async function isAsRecorded(reader: BlockReader, volume: PlannedVolume, entry: KnownEntry): Promise<boolean | null> {
  const at = volume.diskOffsetBytes + entry.offsetBytes;
  if (entry.kind === 'data') return digestOf(await readPart(reader, { offsetBytes: at, lengthBytes: entry.lengthBytes })) === entry.digest;
  if (entry.kind !== 'zero') return null;
  for (let done = 0; done < entry.lengthBytes; done += MIB) {
    if (!isAllZero(await readPart(reader, { offsetBytes: at + done, lengthBytes: Math.min(MIB, entry.lengthBytes - done) }))) return false;
  }
  return true;
}

async function readPart(reader: BlockReader, part: Extent): Promise<Uint8Array> {
  const bytes = new Uint8Array(part.lengthBytes);
  await reader.readFully(bytes, part.offsetBytes);
  return bytes;
}
