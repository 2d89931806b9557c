import pino, { type Logger } from 'pino';
import type { EnrolledAgent } from '../cli/agent-context.js';
import type { AgentConfig } from '../config/agent-config.js';
import { isLifeboatError, type BackupProgress } from '@lifeboat/model';
import type { JobStart } from '@lifeboat/protocol';
import { takeAgentLock } from '../identity/agent-lock.js';
import { BackupRunner } from './backup-runner.js';
import { handleJobStop } from './handle-job-stop.js';
import { listPoints } from './list-points.js';
import { serveLocally } from './local-server.js';

/**
 * Stays connected and carries out what the server asks for, one backup at a time, until `signal` aborts. A run under way is then stopped so
 * that the next start continues it.
 *
 * @throws AgentBusy (AGENT_BUSY), and what the server says for good, e.g. HANDSHAKE_REFUSED.
 */
export async function runDaemon(agent: EnrolledAgent, config: AgentConfig, signal: AbortSignal): Promise<void> {
  const log = pino({ level: config.logLevel, base: null }, pino.destination(2));
  const lock = await takeAgentLock(agent.state.directory);
  const runner = new BackupRunner(agent, config);
  let connection: 'connected' | 'disconnected' = 'disconnected';
  const stopServing = await serveLocally({ stateDir: agent.state.directory, runner, role: 'daemon', connection: () => connection, listPoints: () => listPoints(agent.control) });
  const runs = new Set<Promise<void>>();
  agent.control.handle('job.start', async (job) => {
    const reason = await refusalReason(agent, runner);
    if (reason !== null) return { accepted: false, reason };
    const run = runJob(runner, job, log).finally(() => runs.delete(run));
    runs.add(run);
    return { accepted: true, reason: null };
  });
  handleJobStop(agent.control, runner);
  try {
    await agent.control.stayConnected(signal, (state, reason) => {
      connection = state;
      log.info({ state, reason, server: agent.identity.serverUrl }, 'control connection');
    });
  } finally {
    runner.stop(false);
    await Promise.allSettled(runs);
    await stopServing();
    await lock.release();
  }
}

async function refusalReason(agent: EnrolledAgent, runner: BackupRunner): Promise<string | null> {
  if (runner.running) return 'a backup is running already';
  const pause = await agent.state.pause.read();
  return pause && pause.untilMs > Date.now() ? `backups are disabled on this computer: ${pause.reason}` : null;
}

async function runJob(runner: BackupRunner, job: JobStart, log: Logger): Promise<void> {
  const jobLog = log.child({ jobId: job.jobId });
  let progress: BackupProgress | null = null;
  try {
    const watcher = { onProgress: (now: BackupProgress) => { progress = now; }, onMessage: (sentence: string) => { jobLog.warn({ progress }, sentence); } };
    const report = await runner.run({ only: job.disks, allowInconsistent: job.allowInconsistent, jobId: job.jobId }, watcher);
    jobLog.info({ pointId: report.pointId, bytes: report.bytes, durationMs: report.durationMs }, 'restore point committed');
  } catch (error) {
    // The runner has told the server; here it is for the log of this computer.
    const known = isLifeboatError(error) ? { code: error.code, details: error.details, remedy: error.remedy } : { err: error };
    jobLog.error({ ...known }, 'backup did not finish');
  }
}
