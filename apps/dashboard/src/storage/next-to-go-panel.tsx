import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { days, hours } from '@lifeboat/model';
import { useState } from 'react';
import { Button } from '@mantine/core';
import { retentionPlanQuery, simulationQuery } from '../api/retention-queries.js';
import { formatShortMoment } from '../format/time.js';
import { useNow } from '../format/use-now.js';
import { ErrorPanel, Section, SkeletonRows } from '../ui/panels.js';
import { Ago, Bytes, Moment } from '../ui/quantities.js';
import table from '../ui/table.module.css';
import { type LeavingPoint, aheadDays, leavingPoints, markedPoints } from './next-to-go.js';
import classes from './storage.module.css';

const rowsShown = 12;

/** Which points go next, when and why, if nothing changes. Always on the page. */
export function NextToGoPanel({ reclaimableBytes }: Readonly<{ reclaimableBytes: number }>) {
  const now = useNow(60_000);
  const plan = useQuery(retentionPlanQuery);
  const ahead = useQuery(simulationQuery({ at: now - (now % hours(1)) + days(aheadDays) }));
  const [all, setAll] = useState(false);
  const rows = plan.data === undefined ? [] : leavingPoints(plan.data, ahead.data?.plan, (at) => formatShortMoment(Date.parse(at), now));
  const marked = plan.data === undefined ? null : markedPoints(plan.data);
  return (
    <Section
      title="Next to go"
      aside={<Link to="/storage/simulate">Simulate a change…</Link>}
    >
      {plan.isError && <ErrorPanel what="The plan of retention could not be made" error={plan.error} onRetry={() => void plan.refetch()} lastGoodAtMs={plan.data && plan.dataUpdatedAt} />}
      {plan.data === undefined && !plan.isError && <SkeletonRows count={4} label="Loading what goes next" />}
      {plan.data !== undefined && marked !== null && (
        <>
          <p className={classes.muted}>
            Plan <code>{plan.data.planHash.slice(0, 8)}</code>, made <Ago at={plan.data.madeAt} />. Marked for deletion: {marked.points} {marked.points === 1 ? 'point' : 'points'}. Not yet reclaimed: <Bytes value={reclaimableBytes} />, which garbage collection gives back.
          </p>
          {plan.data.shortfallBytes > 0 && <p className={classes.bad}>The guard rails keep <Bytes value={plan.data.shortfallBytes} /> that room would need. Give the store more room, or pin and keep less.</p>}
          {rows.length === 0 ? <p>Nothing goes within {aheadDays} days, as far as can be seen now.</p> : <Leaving rows={all ? rows : rows.slice(0, rowsShown)} />}
          {rows.length > rowsShown && <Button size="xs" variant="default" onClick={() => { setAll(!all); }}>{all ? 'Show fewer' : `Show all ${String(rows.length)}`}</Button>}
        </>
      )}
    </Section>
  );
}

function Leaving({ rows }: Readonly<{ rows: readonly LeavingPoint[] }>) {
  return (
    <table className={table.table} role="table">
      <caption className="unseen">Points that go next</caption>
      <thead role="rowgroup">
        <tr role="row">
          {['When', 'Machine', 'Point'].map((label) => <th key={label} role="columnheader" scope="col">{label}</th>)}
          <th role="columnheader" scope="col" data-numeric>Frees</th>
          <th role="columnheader" scope="col">Why</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={row.id} role="row">
            <td role="cell" data-label="When">{row.when}</td>
            <td role="cell" data-label="Machine"><Link to="/machines/$machineId" params={{ machineId: row.machineId }} search={{ point: row.id }}>{row.computer}</Link></td>
            <td role="cell" data-label="Point"><Moment at={row.createdAt} /></td>
            <td role="cell" data-label="Frees" data-numeric>{row.frees === 0 ? '–' : <Bytes value={row.frees} />}</td>
            <td role="cell" data-label="Why"><span>{row.why}{row.note !== null && <span className={classes.muted}> ({row.note})</span>}</span></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
