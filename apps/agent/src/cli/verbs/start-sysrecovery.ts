import { isComplete } from '@lifeboat/restore';
import { exitCodes } from '../../errors/exit-codes.js';
import { takeAgentLock } from '../../identity/agent-lock.js';
import { runSysrecovery, type SysrecoveryOutcome } from '../../restore/run-sysrecovery.js';
import { openEnrolledAgent } from '../agent-context.js';
import { describePlan } from '../disk-picture.js';
import { formatBytes, formatDuration } from '../format.js';
import type { Printer } from '../printer.js';
import { ProgressPrinter } from '../progress-printer.js';
import type { Verb } from './verb-context.js';

export type StartSysrecoveryOptions = Readonly<{ version: string; disk: readonly string[]; volume: readonly string[]; recreateDisks: boolean; dryRun: boolean; confirmSerial: readonly string[] }>;

/** `start sysrecovery`: puts whole disks back, or with `--dry-run` shows what that would do. */
export const startSysrecoveryVerb: Verb<StartSysrecoveryOptions> = async (options, { config, printer, signal }) => {
  const agent = await openEnrolledAgent(config);
  const progress = new ProgressPrinter(printer);
  try {
    const lock = await takeAgentLock(agent.state.directory);
    try {
      const { version, recreateDisks, dryRun } = options;
      const outcome = await runSysrecovery(
        { version, pairs: options.disk, volumes: options.volume, recreateDisks, dryRun, confirmed: options.confirmSerial },
        { control: agent.control, serverUrl: agent.identity.serverUrl, onProgress: (state) => { progress.showRestore(state); }, signal },
      );
      progress.stop();
      return dryRun ? printPlans(outcome, printer) : printReports(outcome, printer);
    } finally {
      await lock.release();
    }
  } finally {
    progress.stop();
    agent.close();
  }
};

function printPlans({ manifest, plans }: SysrecoveryOutcome, printer: Printer): number {
  const disks = plans.map((plan) => ({
    source: plan.diskId, target: plan.target.path, confirm: plan.target.identity, mode: plan.mode, before: plan.before, after: plan.source.partitions, erased: plan.erased, steps: plan.steps,
    warnings: plan.warnings, refusal: plan.refusal,
  }));
  printer.result({ v: 1, dryRun: true, pointId: manifest.pointId, disks }, () => plans.map(describePlan).join('\n\n'));
  return plans.some((plan) => plan.refusal !== null) ? exitCodes.refused : exitCodes.ok;
}

function printReports({ manifest, reports }: SysrecoveryOutcome, printer: Printer): number {
  printer.result({ v: 1, pointId: manifest.pointId, disks: reports }, () => reports.map((report) => `Restored ${report.diskId} to ${report.targetPath}: ${formatBytes(report.bytes.written)} in ${formatDuration(report.durationMs)}`).join('\n'));
  for (const report of reports) {
    for (const kind of ['damaged', 'unreadable'] as const) {
      for (const range of report[kind]) printer.message(`warning: ${kind}: ${range.volumeId} at ${String(range.offsetBytes)}, ${String(range.lengthBytes)} bytes`);
    }
    for (const warning of report.warnings) printer.message(`warning: ${warning.message} (${warning.code})`);
  }
  return reports.every(isComplete) ? exitCodes.ok : exitCodes.warnings;
}
