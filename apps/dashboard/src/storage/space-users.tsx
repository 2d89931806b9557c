import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { storeUsageQuery } from '../api/retention-queries.js';
import { ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { Ago, Bytes } from '../ui/quantities.js';
import table from '../ui/table.module.css';
import classes from './storage.module.css';

const machinesShown = 10;

/** The machines that need most bytes of their own. */
export function SpaceUsers() {
  const usage = useQuery(storeUsageQuery);
  const measuredAt = usage.data?.measuredAt ?? null;
  const rows = usage.data?.computers.toSorted((a, b) => b.uniqueBytes - a.uniqueBytes).slice(0, machinesShown) ?? [];
  return (
    <Section title="Machines that take most room">
      {usage.isError && <ErrorPanel what="Whose the bytes are could not be fetched" error={usage.error} onRetry={() => void usage.refetch()} lastGoodAtMs={usage.data && usage.dataUpdatedAt} />}
      {usage.data === undefined && !usage.isError && <SkeletonRows count={4} label="Loading machines by size" />}
      {usage.data !== undefined && measuredAt === null && <p className={classes.muted}>Not measured yet. It is after the first garbage collection.</p>}
      {usage.data !== undefined && measuredAt !== null && (
        <>
          <p className={classes.muted}>Unique is what no other machine needs. Measured <Ago at={measuredAt} />; <Bytes value={usage.data.unreferencedBytes} /> belong to no point.</p>
          <table className={table.table} role="table">
            <caption className="unseen">Machines by unique bytes</caption>
            <thead role="rowgroup">
              <tr role="row">
                <th role="columnheader" scope="col">Machine</th>
                {['Unique', 'Shared', 'Points'].map((label) => <th key={label} role="columnheader" scope="col" data-numeric>{label}</th>)}
              </tr>
            </thead>
            <tbody role="rowgroup">
              {rows.map((row) => (
                <tr key={row.machineId} role="row">
                  <th role="rowheader" scope="row"><Link to="/machines/$machineId" params={{ machineId: row.machineId }}>{row.computer}</Link></th>
                  <td role="cell" data-label="Unique" data-numeric><Bytes value={row.uniqueBytes} /></td>
                  <td role="cell" data-label="Shared" data-numeric><Bytes value={row.sharedBytes} /></td>
                  <td role="cell" data-label="Points" data-numeric>{row.points}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </Section>
  );
}
