import type { Version } from '@lifeboat/protocol';
import type { ReactNode } from 'react';
import { PointActions } from './keeping/point-actions.js';
import { PointKeeping } from './keeping/point-keeping.js';
import { Ago, Bytes, Moment } from '../ui/quantities.js';
import classes from './machine.module.css';
import { consistencyWords, stateSentence } from './point-words.js';

/** Everything the list knows of one restore point, why it stays or goes, and what can be decided about it. */
export function PointFacts({ point, newest, machineId, computer }: Readonly<{ point: Version; newest: boolean; machineId: string; computer: string }>) {
  return (
    <>
      <div aria-live="polite">
        <p className={classes.pointTitle}>
          <strong><Moment at={point.createdAt} /></strong> <span className={classes.muted}><Ago at={point.createdAt} />{newest && ', newest'}</span>
        </p>
        <p className={point.state === 'good' ? undefined : classes.bad}>{stateSentence(point.state)}</p>
        <dl className={classes.facts}>
          <Fact label="Kind">{point.kind}</Fact>
          <Fact label="Consistency">{consistencyWords[point.consistency]}</Fact>
          <Fact label="Used"><Bytes value={point.bytes.used} /></Fact>
          <Fact label="Changed"><Bytes value={point.bytes.changed} /></Fact>
          <Fact label="Sent"><Bytes value={point.bytes.sent} /></Fact>
          <Fact label="Stored"><Bytes value={point.bytes.stored} /></Fact>
          {point.bytes.unique !== null && <Fact label="Deleting frees"><Bytes value={point.bytes.unique} /></Fact>}
          <Fact label="Proof">{point.proof === null ? 'none' : <>level {point.proof.level}, <Ago at={point.proof.at} /></>}</Fact>
          <Fact label="Id"><code className={classes.id} title={point.id}>{point.id.slice(0, 12)}</code></Fact>
        </dl>
        <PointKeeping point={point} />
        <p className={classes.muted}>Complete in itself: it restores without any other point.</p>
      </div>
      <PointActions key={point.id} point={point} machineId={machineId} computer={computer} />
    </>
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
