import type { BackupReport } from '../../backup/backup-report.js';
import { BackupRunner } from '../../daemon/backup-runner.js';
import { askLocally } from '../../daemon/ask-local.js';
import { handleJobStop } from '../../daemon/handle-job-stop.js';
import { listPoints } from '../../daemon/list-points.js';
import { serveLocally } from '../../daemon/local-server.js';
import { AgentBusy } from '../../errors/agent-errors.js';
import { exitCodes } from '../../errors/exit-codes.js';
import { takeAgentLock } from '../../identity/agent-lock.js';
import { AgentState } from '../../identity/agent-state.js';
import { openEnrolledAgent } from '../agent-context.js';
import { formatBytes, formatDuration } from '../format.js';
import type { Printer } from '../printer.js';
import { ProgressPrinter } from '../progress-printer.js';
import type { Verb, VerbContext } from './verb-context.js';

/** `full` asks for every used block to be read; without a tracker every run does that. */
export type StartBackupOptions = Readonly<{ disk: readonly string[]; full: boolean; allowInconsistent: boolean }>;

/** `start backup`: one restore point now, by this process or, when the daemon runs, by the daemon. */
export const startBackupVerb: Verb<StartBackupOptions> = async (options, context) => {
  const progress = new ProgressPrinter(context.printer);
  try {
    const report = await backUp(options, context, progress);
    progress.stop();
    context.printer.result(report, () => describe(report));
    return report.volumes.some((volume) => volume.warnings.length > 0) ? warn(report, context.printer) : exitCodes.ok;
  } finally {
    progress.stop();
  }
};

async function backUp(options: StartBackupOptions, context: VerbContext, progress: ProgressPrinter): Promise<BackupReport> {
  const state = await AgentState.open(context.config.stateDir);
  const lock = await takeAgentLock(state.directory).catch((error: unknown) => {
    if (error instanceof AgentBusy) return error;
    throw error;
  });
  if (lock instanceof AgentBusy) return askDaemon(options, { ...context, busy: lock }, progress);
  try {
    const agent = await openEnrolledAgent(context.config);
    const runner = new BackupRunner(agent, context.config);
    handleJobStop(agent.control, runner);
    const stopServing = await serveLocally({ stateDir: state.directory, runner, role: 'command', connection: () => null, listPoints: () => listPoints(agent.control) });
    context.signal.addEventListener('abort', () => { runner.stop(false); }, { once: true });
    try {
      const watcher = { onProgress: progress.showBackup.bind(progress), onMessage: context.printer.message.bind(context.printer) };
      return await runner.run({ only: options.disk, allowInconsistent: options.allowInconsistent, jobId: null }, watcher);
    } finally {
      await stopServing();
      agent.close();
    }
  } finally {
    await lock.release();
  }
}

/** The daemon has the state directory; it does the work and this command shows it. */
async function askDaemon(options: StartBackupOptions, context: VerbContext & { busy: AgentBusy }, progress: ProgressPrinter): Promise<BackupReport> {
  const { stateDir } = context.config;
  const status = await askLocally(stateDir, { ask: 'status' });
  if (status?.event !== 'status' || status.status.role !== 'daemon' || status.status.running) throw context.busy;
  const answer = await askLocally(stateDir, { ask: 'backup', only: [...options.disk], allowInconsistent: options.allowInconsistent }, (event) => {
    if (event.event === 'progress') progress.showBackup(event.progress);
    else if (event.event === 'message') context.printer.message(event.sentence);
  });
  if (answer?.event !== 'report') throw context.busy;
  return answer.report as BackupReport;
}

function warn(report: BackupReport, printer: Printer): number {
  for (const volume of report.volumes) for (const warning of volume.warnings) printer.message(`warning: ${volume.id}: ${warning.message} (${warning.code})`);
  return exitCodes.warnings;
}

function describe(report: BackupReport): string {
  const { bytes } = report;
  return [
    `Restore point ${report.pointId} (${report.kind}, ${report.consistency}) in ${formatDuration(report.durationMs)}`,
    `source ${formatBytes(bytes.source)}, used ${formatBytes(bytes.used)}, read ${formatBytes(bytes.read)}, changed ${formatBytes(bytes.changed)}, sent ${formatBytes(bytes.sent)}, stored ${formatBytes(bytes.stored)}`,
    'Now: `lifeboat-agent get versions`',
  ].join('\n');
}
