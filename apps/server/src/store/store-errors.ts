import { OperationalError } from '@lifeboat/model';

/** Room is tight: only computers that have a restore point already are backed up. */
export class FirstBackupsWait extends OperationalError {
  readonly code = 'FIRST_BACKUPS_WAIT';
  constructor() {
    super('room is tight, so first backups wait', { retry: 'later', remedy: 'It goes on by itself when retention has made room. See `lifeboat store status`.' });
  }
}

/** Codes with which a backup waits for room; it goes on when bytes become durable again. */
export const waitsForRoom: ReadonlySet<string> = new Set(['STORE_FULL', 'FIRST_BACKUPS_WAIT']);
