import type { ControlConnection } from '../connection/control-connection.js';
import type { BackupRunner } from './backup-runner.js';

/** Lets the server stop the run under way. A run that is not known by a job yet is not what the server means. */
export function handleJobStop(control: ControlConnection, runner: BackupRunner): void {
  control.handle('job.stop', (request) => {
    const isMeant = runner.running !== null && runner.running.jobId === request.jobId;
    return Promise.resolve(isMeant && runner.stop(request.now) ? { accepted: true, reason: null } : { accepted: false, reason: 'this job is not running here' });
  });
}
