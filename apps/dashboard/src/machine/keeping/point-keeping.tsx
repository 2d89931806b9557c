import type { Version } from '@lifeboat/protocol';
import type { ReactNode } from 'react';
import { Ago, Moment } from '../../ui/quantities.js';
import classes from '../machine.module.css';

/** What becomes of a point: why it stays or goes next, and what operators decided about it. */
export function PointKeeping({ point }: Readonly<{ point: Version }>) {
  const { deleted, pin, held, immutableUntil, mark, goes } = point;
  return (
    <dl className={classes.facts}>
      {deleted ? (
        <Fact label="Deleted"><span className={classes.bad}><Ago at={deleted.at} /> by {deleted.by}: {deleted.reason}. Can be brought back until <Moment at={deleted.purgeAfter} />.</span></Fact>
      ) : goes !== null && goes !== undefined ? (
        <Fact label="Goes next"><span className={classes.leaving}>{goes}</span></Fact>
      ) : (
        <Fact label="Kept because">{point.kept.length === 0 ? 'not judged yet' : <ul className={classes.reasons}>{point.kept.map((reason) => <li key={reason}>{reason}</li>)}</ul>}</Fact>
      )}
      {point.pinned && <Fact label="Pinned">{pin ? <>{pin.reason} <span className={classes.muted}>by {pin.by}, {pin.until === null ? 'until unpinned' : <>until <Moment at={pin.until} /></>}</span></> : 'yes'}</Fact>}
      {held && <Fact label="Held">{held.reason} <span className={classes.muted}>by {held.by}, since <Moment at={held.since} /></span></Fact>}
      {immutableUntil !== null && immutableUntil !== undefined && <Fact label="Immutable">until <Moment at={immutableUntil} /></Fact>}
      {mark && <Fact label="Marked"><span>{mark.reason} <span className={classes.muted}><Ago at={mark.at} /></span></span></Fact>}
    </dl>
  );
}

function Fact({ label, children }: Readonly<{ label: string; children: ReactNode }>) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
