import { OperationalError, UserError } from '@lifeboat/model';

/** The volume group has no room in which the snapshot could keep what is overwritten. */
export class SnapshotSpaceMissing extends UserError {
  readonly code = 'SNAPSHOT_NO_SPACE';
  constructor(details: { volumeGroup: string; freeBytes: number; neededBytes: number }) {
    super('the volume group has no space for a snapshot', { details, remedy: 'Leave some of the volume group free (vgextend or lvreduce), or unmount the filesystem for the backup.' });
  }
}

/** A tool that handles snapshots failed; its last words are in the details. */
export class SnapshotFailed extends OperationalError {
  readonly code = 'SNAPSHOT_FAILED';
  constructor(details: { command: string; exitCode: number | null; stderr: string }) {
    super('a snapshot could not be taken or removed', { details, retry: 'later', remedy: 'See what the tool says; `lvs -a` lists snapshots that are left over.' });
  }
}

/** More was overwritten during the backup than the snapshot has room for. */
export class SnapshotOverflowed extends OperationalError {
  readonly code = 'SNAPSHOT_OVERFLOWED';
  constructor(details: { path: string }) {
    super('the snapshot ran out of space while it was read', { details, retry: 'later', remedy: 'Nothing was committed. Leave more of the volume group free, or back up when less is written.' });
  }
}
