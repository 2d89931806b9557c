import type { LostRange, RestoreProgress, RestoreReport } from '@lifeboat/restore';
import { formatBytes, formatDuration, formatShare } from '../../output/format.js';

const rangesShownMax = 20;

/** The report as the JSON of the command: ranges in the short names of the command line. */
export function reportJson(report: RestoreReport): Record<string, unknown> {
  const { diskId, targetPath, mode, durationMs, bytes, damaged, unreadable, warnings } = report;
  return { diskId, target: targetPath, mode, durationMs, bytes, damaged: damaged.map(rangeJson), unreadable: unreadable.map(rangeJson), warnings };
}

const rangeJson = ({ volumeId, offsetBytes, lengthBytes, diskOffsetBytes }: LostRange): Record<string, unknown> => ({ volumeId, offset: offsetBytes, length: lengthBytes, diskOffset: diskOffsetBytes });

/** What was done, in a few lines. */
export function describeReport(report: RestoreReport, verifiedBytes: number | null): string {
  const { written, zeroed, unallocated } = report.bytes;
  const rate = report.durationMs > 0 ? ` (${formatBytes(Math.round((written / report.durationMs) * 1000))}/s)` : '';
  return [
    `Restored ${report.diskId} to ${report.targetPath}: ${formatBytes(written)} of data in ${formatDuration(report.durationMs)}${rate}, ${formatBytes(zeroed)} of zeros, ${formatBytes(unallocated)} without content.`,
    ...(verifiedBytes === null ? [] : [`Read back and compared: ${formatBytes(verifiedBytes)}, all equal.`]),
    ...describeRanges('Damaged in the store, zeros were written', report.damaged),
    ...describeRanges('Unreadable on the source disk when it was backed up, zeros were written', report.unreadable),
    ...report.warnings.map((warning) => `Warning: ${warning.message} (${warning.code})`),
  ].join('\n');
}

function describeRanges(title: string, ranges: readonly LostRange[]): string[] {
  if (ranges.length === 0) return [];
  const lines = ranges.slice(0, rangesShownMax).map((range) => `  ${range.volumeId} offset ${String(range.offsetBytes)} length ${String(range.lengthBytes)} (on the disk at ${String(range.diskOffsetBytes)})`);
  const more = ranges.length - lines.length;
  return [`${title}:`, ...lines, ...(more > 0 ? [`  and ${String(more)} more, see --json`] : [])];
}

/** One line: phase, share, bytes, rate, time left. */
export function describeRestoreProgress({ phase, doneBytes, totalBytes, rateBytesPerSecond, etaMs }: RestoreProgress): string {
  return [
    `${phase} ${formatShare(doneBytes, totalBytes)}`, `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`,
    ...(rateBytesPerSecond === null ? [] : [`${formatBytes(rateBytesPerSecond)}/s`]), ...(etaMs === null ? [] : [`${formatDuration(etaMs)} left`]),
  ].join(' · ');
}
