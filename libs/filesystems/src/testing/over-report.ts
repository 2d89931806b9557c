import { type Extent, intersectExtents, invertExtents, totalBytes } from '@lifeboat/model';
import type { UsedExtents } from '../used-extents.js';

/** Our list of used bytes beside that of an independent tool. */
export type Judged = Readonly<{ missingBytes: number; superfluousBytes: number; usedBytes: number; overPercent: number }>;

/**
 * Compares and prints a line, so that each run of the tests shows how much is kept in vain.
 * @param truth used bytes by the tool: sorted, merged. @param exempt bytes that we keep on purpose although the tool does not count them.
 */
export function judge(name: string, found: UsedExtents, against: Readonly<{ truth: readonly Extent[]; sizeBytes: number; exempt?: readonly Extent[] }>): Judged {
  const free = intersectExtents(invertExtents(against.truth, against.sizeBytes), invertExtents(against.exempt ?? [], against.sizeBytes));
  const usedBytes = totalBytes(against.truth);
  const missingBytes = usedBytes - totalBytes(intersectExtents(against.truth, found.used));
  const superfluousBytes = totalBytes(intersectExtents(free, found.used));
  const overPercent = (superfluousBytes / Math.max(1, usedBytes)) * 100;
  process.stderr.write(`${name.padEnd(58)} used ${String(Math.round(usedBytes / 1024)).padStart(8)} KiB, missing ${String(missingBytes)}, too much ${String(superfluousBytes)} (${overPercent.toFixed(3)} %)\n`);
  return { missingBytes, superfluousBytes, usedBytes, overPercent };
}
