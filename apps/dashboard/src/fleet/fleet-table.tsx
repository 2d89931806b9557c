import { Button } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import type { Computer } from '@lifeboat/protocol';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { StatusWord } from '../status/status-glyph.js';
import { Ago } from '../ui/quantities.js';
import { AgeBar } from './age-bar.js';
import { type FleetSort, targetOf } from './arrange-fleet.js';
import classes from './fleet.module.css';
import table from '../ui/table.module.css';
import { useSettledOrder } from './use-settled-order.js';

type Column = Readonly<{ label: string; sort?: FleetSort; numeric?: boolean }>;
const columns: readonly Column[] = [
  { label: 'Name', sort: 'name' }, { label: 'State', sort: 'urgency' }, { label: 'Why' }, { label: 'Backup age', sort: 'age' }, { label: 'Proof' },
  { label: 'Points', sort: 'points', numeric: true }, { label: 'Last seen', sort: 'seen' }, { label: 'Agent' },
];

/** Each order has one direction, the one an admin asks for: worst, oldest and longest away first. */
const directions: Readonly<Record<FleetSort, 'ascending' | 'descending'>> = { urgency: 'descending', name: 'ascending', age: 'descending', points: 'descending', seen: 'descending' };

/** The machines of one page of the list. On a narrow screen each row becomes a card. */
export function FleetTable({ rows, viewKey, sort, onSort, targetMs }: Readonly<{ rows: readonly Computer[]; viewKey: string; sort: FleetSort; onSort: (sort: FleetSort) => void; targetMs: number }>) {
  const [held, setHeld] = useState(false);
  const byId = useMemo(() => new Map(rows.map((row) => [row.machineId as string, row])), [rows]);
  const order = useSettledOrder(useMemo(() => rows.map((row) => row.machineId), [rows]), { key: viewKey, held });
  return (
    <div className={classes.tableBox}>
      {order.moved > 0 && (
        <div className={classes.movedPill}>
          <Button size="compact-sm" variant="default" onClick={order.settle}>
            {order.moved} rows changed · Apply
          </Button>
        </div>
      )}
      <table
        className={`${table.table ?? ''} ${classes.table ?? ''}`}
        role="table"
        onPointerEnter={(event) => { if (event.pointerType === 'mouse') setHeld(true); }}
        onPointerLeave={() => { setHeld(false); }}
        onFocus={(event) => { if (event.target.closest('tbody') !== null) setHeld(true); }}
        onBlur={() => { setHeld(false); }}
      >
        <caption className="unseen">Machines</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.label} role="columnheader" scope="col" data-numeric={column.numeric} aria-sort={column.sort === sort ? directions[sort] : undefined}>
                {column.sort === undefined ? column.label : <SortButton column={column} sort={column.sort} active={column.sort === sort} onSort={onSort} />}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {order.ids.map((id) => {
            const computer = byId.get(id);
            return computer === undefined ? null : <FleetRow key={id} computer={computer} targetMs={targetMs} />;
          })}
        </tbody>
      </table>
    </div>
  );
}

function SortButton({ column, sort, active, onSort }: Readonly<{ column: Column; sort: FleetSort; active: boolean; onSort: (sort: FleetSort) => void }>) {
  return (
    <button type="button" className={classes.sort} onClick={() => { onSort(sort); }}>
      {column.label}
      {active && (directions[sort] === 'ascending' ? <IconArrowUp size={12} stroke={2} aria-hidden="true" /> : <IconArrowDown size={12} stroke={2} aria-hidden="true" />)}
    </button>
  );
}

function FleetRow({ computer, targetMs }: Readonly<{ computer: Computer; targetMs: number }>) {
  return (
    <tr role="row" className={classes.row}>
      <th role="rowheader" scope="row" className={classes.name}>
        <Link to="/machines/$machineId" params={{ machineId: computer.machineId }} data-row-link>
          {computer.name}
        </Link>
      </th>
      <td role="cell" className={classes.stateCell}>
        <StatusWord state={computer.state} />
      </td>
      <td role="cell" className={classes.why}>
        {computer.reason}
      </td>
      <td role="cell" data-label="Backup age">
        <AgeBar at={computer.lastPointAt} targetMs={targetOf(computer, targetMs)} />
      </td>
      <td role="cell" data-label="Proof" className={classes.nowrap}>
        {computer.lastProof === null ? <span className={classes.muted}>none</span> : <span>L{computer.lastProof.level}, <Ago at={computer.lastProof.at} /></span>}
      </td>
      <td role="cell" data-label="Points" data-numeric>
        {computer.points}
      </td>
      <td role="cell" data-label="Last seen" className={classes.nowrap}>
        {computer.online ? 'Online' : computer.lastSeenAt === null ? <span className={classes.muted}>never</span> : <Ago at={computer.lastSeenAt} />}
      </td>
      <td role="cell" data-label="Agent" className={classes.nowrap}>
        {computer.agentVersion}
      </td>
    </tr>
  );
}
