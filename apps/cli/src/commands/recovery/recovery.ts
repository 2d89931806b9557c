import { unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { openBlockReader, rereadPartitionTable } from '@lifeboat/block-device';
import {
  inspectTarget, isComplete, openRemoteSource, openRestoreTarget, planDiskRestore, restoreDisk, RestoreRefused, verifyDisk, type DiskRestorePlan, type ExportFormat, type RestoreReport, type VolumeSource,
} from '@lifeboat/restore';
import type { RestorePointManifest } from '@lifeboat/model';
import { RestoreGranted, restPaths } from '@lifeboat/protocol';
import { NotSupportedYet } from '../../cli-errors.js';
import type { Bind, CommandContext } from '../../command-context.js';
import { exitCodes, type ExitCode } from '../../exit-codes.js';
import { exportDisk } from './export-disk.js';
import { findDisk } from './find-disk.js';
import { openPoint } from './open-point.js';
import { describeReport, describeRestoreProgress, reportJson } from './show-report.js';

type RecoveryOptions = Readonly<{ version: string; disk?: string; volume?: string; path?: string; to: string; format: 'raw' | ExportFormat; confirm?: string; verify?: true; dryRun?: true }>;

/** Adds `start recovery`. */
export function addRecoveryCommand(start: Command, bind: Bind): void {
  start.command('recovery').argument('<computer>', 'name or id').description('write a disk of a restore point to an image file or a device')
    .option('--version <version>', 'id, unique prefix or latest', 'latest')
    .option('--disk <disk>', 'number or id of the disk, see `get items`; not needed when there is one')
    .option('--volume <volume>', 'fetch from a volume (not in this version)')
    .option('--path <path>', 'fetch files (not in this version)')
    .requiredOption('--to <file>', 'image file to make, or device to overwrite')
    .addOption(new Option('--format <format>', 'raw is sparse; the others need qemu-img').choices(['raw', 'qcow2', 'vhd', 'vhdx', 'vmdk']).default('raw'))
    .option('--confirm <name>', 'file name or serial of what may be overwritten')
    .option('--verify', 'read everything back and compare it')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', '\nExamples:\n  lifeboat start recovery web-1 --version latest --disk 0 --to web-1.img\n  lifeboat start recovery web-1 --disk 0 --to web-1.qcow2 --format qcow2\n  lifeboat start recovery web-1 --disk 0 --to /dev/sdb --confirm WD-1234')
    .action(bind(startRecovery));
}

async function startRecovery(context: CommandContext, computer: string, options: RecoveryOptions): Promise<ExitCode> {
  if (options.path !== undefined || options.volume !== undefined) throw new NotSupportedYet('single files and volumes', 'Restore the disk to an image file and take the files from there.');
  if (options.format !== 'raw') return startExport(context, computer, { ...options, format: options.format });
  const client = context.api();
  const open = (version: string): Promise<RestoreGranted> => client.ask({ method: 'POST', path: restPaths.restores, body: { computer, version } }, RestoreGranted);
  const granted = await open(options.version);
  const { manifest } = granted;
  const plan = await planFor(manifest, options);
  if (options.dryRun) return showPlan(context, plan);
  if (plan.refusal) throw new RestoreRefused(plan.refusal);
  const source = await openRemoteSource({ url: client.url, ticket: granted.ticket, creditBytes: granted.creditBytes, manifest, signal: context.signal, renewTicket: () => open(manifest.pointId) });
  try {
    const { report, verifiedBytes } = await runRestore(context, { plan, source, verify: options.verify ?? false });
    context.printer.result({ v: 1, pointId: manifest.pointId, ...reportJson(report), verifiedBytes }, () => describeReport(report, verifiedBytes));
    return isComplete(report) ? exitCodes.ok : exitCodes.warnings;
  } finally {
    await source.close();
  }
}

async function planFor(manifest: RestorePointManifest, options: RecoveryOptions): Promise<DiskRestorePlan> {
  return planDiskRestore({
    manifest, diskId: findDisk(manifest, options.disk).facts.diskId, target: await inspectTarget(resolve(options.to)),
    options: { recreate: true, replaceImage: true, ...(options.dryRun ? {} : { confirmation: options.confirm ?? null }) },
  });
}

/** The other formats have a writer of their own; what may be overwritten is decided as for raw images. */
async function startExport(context: CommandContext, computer: string, options: RecoveryOptions & Readonly<{ format: ExportFormat }>): Promise<ExitCode> {
  const { manifest, source } = await openPoint(context, computer, options.version);
  try {
    const plan = await planFor(manifest, options);
    if (options.dryRun) return showPlan(context, plan);
    if (plan.refusal) throw new RestoreRefused(plan.refusal);
    return await exportDisk(context, { source, plan, format: options.format, verify: options.verify ?? false });
  } finally {
    await source.close();
  }
}

type RestoreRun = Readonly<{ plan: DiskRestorePlan; source: VolumeSource; verify: boolean }>;

async function runRestore(context: CommandContext, { plan, source, verify }: RestoreRun): Promise<{ report: RestoreReport; verifiedBytes: number | null }> {
  const { printer, clock, signal } = context;
  const { writer, readsAsZeros } = await openRestoreTarget(plan);
  let report: RestoreReport;
  try {
    report = await restoreDisk(plan, {
      source, writer, readsAsZeros, signal, clock,
      onProgress: (progress) => {
        printer.event({ v: 1, event: 'progress', ...progress });
        printer.progress(describeRestoreProgress(progress), clock.nowMs());
      },
    });
  } catch (error) {
    // A file that this command made and could not finish is of no use to anybody.
    if (!plan.target.exists) await unlink(plan.target.path);
    throw error;
  } finally {
    await writer.close();
  }
  if (plan.target.kind === 'device') await rereadPartitionTable(plan.target.path);
  return { report, verifiedBytes: verify ? await readBack(context, { plan, source, report }) : null };
}

async function readBack({ printer, clock, signal }: CommandContext, { plan, source, report }: Readonly<{ plan: DiskRestorePlan; source: VolumeSource; report: RestoreReport }>): Promise<number> {
  const reader = await openBlockReader(plan.target.path, { direct: plan.target.kind === 'device' });
  let checkedBytes = 0;
  try {
    return await verifyDisk(plan, {
      source, reader, report, signal,
      onChecked: (bytes) => {
        checkedBytes += bytes;
        printer.progress(describeRestoreProgress({ phase: 'verify', volumeId: null, doneBytes: checkedBytes, totalBytes: report.bytes.written + report.bytes.zeroed, rateBytesPerSecond: null, etaMs: null }), clock.nowMs());
      },
    });
  } finally {
    await reader.close();
  }
}

function showPlan({ printer }: CommandContext, plan: DiskRestorePlan): ExitCode {
  const { diskId, mode, target, targetSizeBytes, erased, steps, warnings, refusal } = plan;
  const json = { v: 1, dryRun: true, diskId, mode, target: target.path, targetSizeBytes, erased, steps, warnings, refusal };
  printer.result(json, () =>
    [`${mode} ${target.path}`, ...steps.map((step) => `  ${step.action} ${step.subject} [${String(step.offsetBytes)} +${String(step.lengthBytes)}]: ${step.reason}`), ...(refusal ? [`refused: ${refusal.reason} (${refusal.code})`, `  ${refusal.remedy}`] : [])].join('\n'));
  return refusal ? exitCodes.refused : exitCodes.ok;
}
