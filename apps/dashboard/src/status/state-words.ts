import type { MachineState } from '@lifeboat/model';
import type { Job } from '@lifeboat/protocol';

/** The states in order of urgency; also the order of the tiles. */
export const statesByUrgency: readonly MachineState[] = ['at_risk', 'late', 'unproven', 'pending', 'paused', 'protected'];

/** The word beside each state's glyph. */
export const stateWords: Readonly<Record<MachineState, string>> = {
  at_risk: 'At risk', late: 'Late', unproven: 'Unproven', pending: 'Pending', paused: 'Paused', protected: 'Protected',
};

/** What each state means, for tooltips. */
export const stateMeanings: Readonly<Record<MachineState, string>> = {
  at_risk: 'Nothing would restore now',
  late: 'The newest restore point is older than its target',
  unproven: 'Inside its target, but no drill has passed in 30 days',
  pending: 'The first full backup has not finished yet',
  paused: 'Backups are switched off for now',
  protected: 'Backup and proof are both inside their targets',
};

/** Job states as a person says them. */
export const jobStateWords: Readonly<Record<Job['state'], string>> = {
  queued: 'queued', running: 'running', parked: 'parked', done: 'done', warned: 'done with warnings', failed: 'failed', stopped: 'stopped', refused: 'refused', missed: 'missed',
};
