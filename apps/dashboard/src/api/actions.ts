import type { BackupPolicy } from '@lifeboat/model';
import { BackupStarted, EnrolmentTokenCreated, restPaths } from '@lifeboat/protocol';
import { fillPath, send, sendJson } from './rest-client.js';

/** Logs in with the admin secret; the answer sets the cookie. */
export const logIn = (token: string): Promise<void> => send({ method: 'POST', path: restPaths.login }, { token });

/** Ends the login of this browser. */
export const logOut = (): Promise<void> => send({ method: 'POST', path: restPaths.logout }, {});

/** Asks the machine for a restore point now. */
export const startBackup = (machineId: string, full: boolean) =>
  sendJson({ method: 'POST', path: restPaths.backups }, { computers: [machineId], full, allowInconsistent: false }, BackupStarted);

/** Ends a job: after the block in hand, or at once. */
export const stopJob = (jobId: string, now: boolean): Promise<void> => send({ method: 'POST', path: fillPath(restPaths.stopJob, { jobId }) }, { now });

/** Makes a token that enrols one machine within a day. */
export const createEnrolmentToken = () => sendJson({ method: 'POST', path: restPaths.enrolmentTokens }, { uses: 1 }, EnrolmentTokenCreated);

/** Decides what a machine with a taken name is. */
export const resolveEnrolment = (requestId: string, as: 'continue' | 'separate' | 'reject'): Promise<void> =>
  send({ method: 'POST', path: fillPath(restPaths.resolveEnrolment, { requestId }) }, { as });

/** Gives a machine a policy of its own, or with null the default again. */
export const setMachinePolicy = (machineId: string, policy: BackupPolicy | null): Promise<void> =>
  send({ method: 'PUT', path: fillPath(restPaths.machinePolicy, { computer: machineId }) }, { policy });
