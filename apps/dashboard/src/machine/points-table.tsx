import { Button } from '@mantine/core';
import type { Version } from '@lifeboat/protocol';
import { useState } from 'react';
import { Ago, Bytes, Moment } from '../ui/quantities.js';
import classes from './machine.module.css';
import table from '../ui/table.module.css';
import { fateOf, pointMarks } from './keeping/keeping-words.js';
import { consistencyBrief } from './point-words.js';

const rowsOnPage = 30;

/** The same points as a table, newest first; choosing one selects it above as well. */
export function PointsTable({ points, selectedId, onSelect }: Readonly<{ points: readonly Version[]; selectedId: string; onSelect: (index: number) => void }>) {
  const [page, setPage] = useState(1);
  const newestFirst = points.map((point, index) => ({ point, index })).reverse();
  const pages = Math.ceil(newestFirst.length / rowsOnPage);
  return (
    <>
      <table className={`${table.table ?? ''} ${classes.table ?? ''}`} role="table">
        <thead role="rowgroup">
          <tr role="row">
            {['Created', 'Age', 'Kind', 'Consistency', 'State'].map((label) => <th key={label} role="columnheader" scope="col">{label}</th>)}
            {['Used', 'Changed', 'Sent', 'Stored'].map((label) => <th key={label} role="columnheader" scope="col" data-numeric>{label}</th>)}
            <th role="columnheader" scope="col">Kept because, or goes next</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {newestFirst.slice((page - 1) * rowsOnPage, page * rowsOnPage).map(({ point, index }) => (
            <tr key={point.id} role="row" data-selected={point.id === selectedId || undefined}>
              <th role="rowheader" scope="row">
                <button type="button" className={classes.pick} aria-pressed={point.id === selectedId} onClick={() => { onSelect(index); }}>
                  <Moment at={point.createdAt} />
                </button>
              </th>
              <td role="cell" data-label="Age"><Ago at={point.createdAt} /></td>
              <td role="cell" data-label="Kind">{point.kind}</td>
              <td role="cell" data-label="Consistency">{consistencyBrief[point.consistency]}</td>
              <td role="cell" data-label="State" className={point.state === 'good' ? undefined : classes.bad}><span>{point.state}{pointMarks(point).map((mark) => <span key={mark} className={classes.markWord}>{mark}</span>)}</span></td>
              {([['used', 'Used'], ['changed', 'Changed'], ['sent', 'Sent'], ['stored', 'Stored']] as const).map(([counter, label]) => (
                <td key={counter} role="cell" data-label={label} data-numeric><Bytes value={point.bytes[counter]} /></td>
              ))}
              <Fate point={point} />
            </tr>
          ))}
        </tbody>
      </table>
      {pages > 1 && (
        <nav className={classes.pager} aria-label="Pages of restore points">
          <Button size="xs" variant="default" disabled={page === 1} onClick={() => { setPage(page - 1); }}>Newer</Button>
          <span className={classes.muted}>{page} of {pages}</span>
          <Button size="xs" variant="default" disabled={page === pages} onClick={() => { setPage(page + 1); }}>Older</Button>
        </nav>
      )}
    </>
  );
}

function Fate({ point }: Readonly<{ point: Version }>) {
  const { stays, text } = fateOf(point);
  return (
    <td role="cell" data-label={stays ? 'Kept because' : 'Goes next'} className={stays ? undefined : classes.leaving}>
      <span>{!stays && !point.deleted && <strong>goes next: </strong>}{text}</span>
    </td>
  );
}
