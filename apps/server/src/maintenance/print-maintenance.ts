import type { FsckProgress, FsckReport } from '@lifeboat/store';
import { fsckJson, fsckText, printable, progressText } from './fsck-output.js';
import type { ExportReport, ReadablePoint } from './read-damaged-store.js';
import type { RebuildReport } from './rebuild-catalog.js';

/** A message about what is going on, for people, on stderr. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The result of a rebuild. */
export function printRebuild(report: RebuildReport, json: boolean): void {
  const { records, computers, points, damagedPoints } = report;
  const damaged = damagedPoints === 0 ? '' : `, ${String(damagedPoints)} of them damaged`;
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `Catalog made anew from ${String(records)} ledger records: ${String(computers)} computers, ${String(points)} restore points${damaged}.\n`);
}

/** The result of a check. */
export function printFsck(report: FsckReport, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(fsckJson(report)) : fsckText(report)}\n`);
}

/** Returns a function that shows progress on stderr: one line that is rewritten on a terminal, else a line each 30 seconds. */
export function fsckProgressPrinter(nowMs: () => number): (progress: FsckProgress) => void {
  let lastMs = nowMs();
  const everyMs = process.stderr.isTTY ? 100 : 30_000;
  return (progress) => {
    if (nowMs() - lastMs < everyMs) return;
    lastMs = nowMs();
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${progressText(progress)}\r` : `${progressText(progress)}\n`);
  };
}

/** What can be read of a damaged store: a line for each volume of each point. */
export function printPoints(points: readonly ReadablePoint[], json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ v: 1, points })}\n`);
    return;
  }
  for (const { machineId, pointId, manifest, reason } of points) {
    if (!manifest) process.stdout.write(`${pointId}  ${machineId}  unreadable: ${reason ?? ''}\n`);
    for (const volume of manifest?.disks.flatMap((disk) => disk.volumes) ?? []) {
      process.stdout.write(`${pointId}  ${manifest?.computerName ?? machineId}  ${new Date(manifest?.createdAtMs ?? 0).toISOString()}  ${printable(volume.volumeId)}  ${String(volume.lengthBytes)}  ${volume.filesystem}\n`);
    }
  }
}

/** The result of an export. */
export function printExport(report: ExportReport, json: boolean): void {
  const lost = report.lostBytes === 0 ? '' : `, of which ${String(report.lostBytes)} are lost and read as zeros`;
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `Wrote volume ${printable(report.volumeId)} of point ${report.pointId}: ${String(report.lengthBytes)} bytes${lost}.\n`);
}
