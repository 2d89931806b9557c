import { stat } from 'node:fs/promises';
import { exportDiskImage, isComplete, openDiskImage, type DiskRestorePlan, type ExportFormat, type ImageSource } from '@lifeboat/restore';
import type { CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { formatBytes } from '../../output/format.js';
import { describeReport, describeRestoreProgress, reportJson } from './show-report.js';

export type DiskExport = Readonly<{ source: ImageSource; plan: DiskRestorePlan; format: ExportFormat; verify: boolean }>;

/** Writes a disk as an image of another format than raw. The plan's refusals were obeyed before: what is at the target may be replaced. */
export async function exportDisk({ printer, clock, signal }: CommandContext, { source, plan, format, verify }: DiskExport): Promise<ExitCode> {
  const image = openDiskImage(source, { diskId: plan.diskId });
  try {
    const report = await exportDiskImage(image, {
      format, targetPath: plan.target.path, replace: plan.target.exists, verify, signal, clock,
      onProgress: (progress) => {
        printer.event({ v: 1, event: 'progress', ...progress });
        printer.progress(describeRestoreProgress(progress), clock.nowMs());
      },
    });
    const { fileBytes, verifiedBytes } = report;
    const { blocks } = await stat(plan.target.path);
    printer.result({ v: 1, pointId: source.manifest.pointId, ...reportJson(report), format, fileBytes, verifiedBytes }, () =>
      `${describeReport(report, verifiedBytes)}\nThe ${format} file takes ${formatBytes(blocks * 512)}.`);
    return isComplete(report) ? exitCodes.ok : exitCodes.warnings;
  } finally {
    await image.close();
  }
}
