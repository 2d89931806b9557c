import { Button } from '@mantine/core';
import type { RetentionComparison, RetentionPlanView } from '@lifeboat/protocol';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { z } from 'zod';
import { wholeNumber } from '../format/bytes.js';
import { PressureWord } from '../storage/room/pressure-word.js';
import { Announcement } from '../ui/announcement.js';
import { Ago, Bytes, Moment } from '../ui/quantities.js';
import table from '../ui/table.module.css';
import { differenceSentence, guardRails, planSentence } from './simulation-choice.js';
import classes from './simulate.module.css';

const rowsShown = 30;

/** The points of a plan in the order in which they go, what differs from what is in force, and what the guard rails hold. */
export function PlanList({ compared, busy }: Readonly<{ compared: z.infer<typeof RetentionComparison>; busy: boolean }>) {
  const { plan } = compared;
  const [all, setAll] = useState(false);
  const rails = guardRails(plan);
  const sentence = planSentence(plan);
  return (
    <div className={classes.plan} aria-busy={busy}>
      <p><strong>{sentence}</strong>. {differenceSentence(compared)}.</p>
      <Announcement text={`${sentence}. ${differenceSentence(compared)}.`} />
      <p className={classes.muted}>
        <PressureWord pressure={plan.pressure} /> Plan <code>{plan.planHash.slice(0, 8)}</code>, made <Ago at={plan.madeAt} />. Free afterwards: <Bytes value={Math.max(0, plan.expectedFreeBytes)} />.
      </p>
      {plan.shortfallBytes > 0 && <p className={classes.bad}>Still <Bytes value={plan.shortfallBytes} /> short: nothing outside the guard rails is left to go.</p>}
      {plan.prune.length > 0 && plan.prune.every(({ uniqueBytes }) => uniqueBytes === 0) && <p className={classes.muted}>What each point frees is not measured yet; it is after the first garbage collection.</p>}
      {plan.prune.length > 0 && <PlanTable rows={all ? plan.prune : plan.prune.slice(0, rowsShown)} />}
      {plan.prune.length > rowsShown && <Button size="xs" variant="default" onClick={() => { setAll(!all); }}>{all ? 'Show fewer' : `Show all ${wholeNumber(plan.prune.length)}`}</Button>}
      {plan.purge.length > 0 && <p>{wholeNumber(plan.purge.length)} already deleted {plan.purge.length === 1 ? 'point is' : 'points are'} removed for good.</p>}
      {rails.length > 0 && (
        <div>
          <h3 className={classes.railsTitle}>Guard rails hit</h3>
          <ul className={classes.rails}>{rails.map((rail) => <li key={rail.code}>{wholeNumber(rail.points)} {rail.points === 1 ? 'point stays' : 'points stay'}: {rail.text}</li>)}</ul>
        </div>
      )}
    </div>
  );
}

function PlanTable({ rows }: Readonly<{ rows: RetentionPlanView['prune'] }>) {
  return (
    <table className={table.table} role="table">
      <caption className="unseen">Points in the order in which they go</caption>
      <thead role="rowgroup">
        <tr role="row">
          {['Point', 'Machine', 'Why'].map((label) => <th key={label} role="columnheader" scope="col">{label}</th>)}
          {['Frees', 'Free then'].map((label) => <th key={label} role="columnheader" scope="col" data-numeric>{label}</th>)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={row.id} role="row" data-point={row.id}>
            <th role="rowheader" scope="row"><Link to="/machines/$machineId" params={{ machineId: row.machineId }} search={{ point: row.id }}><Moment at={row.createdAt} /></Link></th>
            <td role="cell" data-label="Machine">{row.computer}</td>
            <td role="cell" data-label="Why"><span>{row.reason}{row.needsApproval !== null && <span className={classes.muted}> (waits: {row.needsApproval})</span>}</span></td>
            <td role="cell" data-label="Frees" data-numeric><Bytes value={row.uniqueBytes} /></td>
            <td role="cell" data-label="Free then" data-numeric><Bytes value={row.cumulativeFreeBytes} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
