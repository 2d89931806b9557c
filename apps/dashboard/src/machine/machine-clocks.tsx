import { useQuery } from '@tanstack/react-query';
import type { Computer } from '@lifeboat/protocol';
import type { ReactNode } from 'react';
import { machinePolicyQuery } from '../api/queries.js';
import { formatSpan } from '../format/time.js';
import { Ago, Moment } from '../ui/quantities.js';
import classes from './machine.module.css';

/** The two clocks that decide everything, age of the newest restore point and age of the newest proof, and what else there is to know at a glance. */
export function MachineClocks({ computer }: Readonly<{ computer: Computer }>) {
  const policy = useQuery(machinePolicyQuery(computer.machineId));
  const targetMs = policy.data?.policy.rpoTargetMs ?? computer.rpoTargetMs;
  return (
    <dl className={classes.clocks}>
      <Clock label="Newest restore point" note={targetMs === undefined ? null : `target ${formatSpan(targetMs)}`}>
        {computer.lastPointAt === null ? 'none yet' : <Ago at={computer.lastPointAt} />}
      </Clock>
      <Clock label="Proof" note={computer.lastProof === null ? 'no drill has passed' : <Ago at={computer.lastProof.at} />}>
        {computer.lastProof === null ? 'none' : `Level ${String(computer.lastProof.level)}`}
      </Clock>
      <Clock label="Restore points" note={null}>
        {computer.points}
      </Clock>
      <Clock label="Connection" note={computer.online || computer.lastSeenAt === null ? null : <>last seen <Ago at={computer.lastSeenAt} /></>}>
        {computer.online ? 'Online' : computer.lastSeenAt === null ? 'never seen' : 'Offline'}
      </Clock>
      <Clock label="Agent" note={computer.platform}>
        {computer.agentVersion}
      </Clock>
      <Clock label="Enrolled" note={null}>
        <Moment at={computer.enrolledAt} />
      </Clock>
    </dl>
  );
}

function Clock({ label, note, children }: Readonly<{ label: string; note: ReactNode; children: ReactNode }>) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        <span className={classes.clockValue}>{children}</span>
        {note !== null && <span className={classes.muted}>{note}</span>}
      </dd>
    </div>
  );
}
