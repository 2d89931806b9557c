import { seconds } from '@lifeboat/model';
import { formatDuration } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { useLiveStatus } from '../live/use-live-room.js';
import classes from './shell.module.css';

/** Says whether the page follows the server by itself. */
export function LiveChip() {
  const status = useLiveStatus();
  const now = useNow(seconds(1));
  switch (status.kind) {
    case 'idle':
      return null;
    case 'live':
      return (
        <span className={classes.chip} data-live="yes" title="Changes on the server show here by themselves">
          <span className={classes.dot} aria-hidden="true" />
          Live
        </span>
      );
    case 'paused':
      return (
        <span className={classes.chip} data-live="no" role="status" title="The connection is gone; what you see stays until it is back">
          <span className={classes.dot} aria-hidden="true" />
          Live paused <span aria-hidden="true">{formatDuration(now - status.sinceMs)}</span> – retrying
        </span>
      );
  }
}
