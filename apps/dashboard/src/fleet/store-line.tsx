import { useQuery } from '@tanstack/react-query';
import { storeQuery } from '../api/queries.js';
import { exactBytes, formatBytes, formatPercent } from '../format/bytes.js';
import classes from './fleet.module.css';

/** What room the store has left, named with its path and device so that it is not taken for another disk. */
export function StoreLine() {
  const store = useQuery(storeQuery);
  if (store.data === undefined || store.data.sizeBytes === 0) return null;
  const { path, device, sizeBytes, freeBytes } = store.data;
  return (
    <p className={classes.store} title={`${path} on ${device}: ${exactBytes(freeBytes)} free of ${exactBytes(sizeBytes)}`}>
      <span className={classes.muted}>Store</span> <span className={classes.storePath}>{path}</span>
      <span className={classes.storeBar} aria-hidden="true">
        <span style={{ width: `${String(100 - (100 * freeBytes) / sizeBytes)}%` }} />
      </span>
      {formatBytes(freeBytes)} free of {formatBytes(sizeBytes)} ({formatPercent(freeBytes / sizeBytes)})
    </p>
  );
}
