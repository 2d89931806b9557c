import { Injectable } from '@nestjs/common';
import type { JobId, MachineId } from '@lifeboat/model';

/** What changed since the dashboards were told last. */
export type Changes = Readonly<{ machines: ReadonlySet<MachineId>; jobs: ReadonlyMap<JobId, MachineId>; points: ReadonlySet<MachineId> }>;

/** Notes what changed, cheaply and any number of times a second; the dashboard feed takes it once a second. */
@Injectable()
export class ChangeLog {
  private machines = new Set<MachineId>();
  private jobs = new Map<JobId, MachineId>();
  private points = new Set<MachineId>();

  /** The machine's state, reason or connection may have changed. */
  machineChanged(machineId: MachineId): void {
    this.machines.add(machineId);
  }

  /** A job began, moved on or ended. */
  jobChanged(jobId: JobId, machineId: MachineId): void {
    this.jobs.set(jobId, machineId);
  }

  /** The machine's list of restore points changed, and so may its state. */
  pointsChanged(machineId: MachineId): void {
    this.points.add(machineId);
    this.machines.add(machineId);
  }

  /** Hands over what was noted and begins anew. */
  take(): Changes {
    const taken = { machines: this.machines, jobs: this.jobs, points: this.points };
    this.machines = new Set();
    this.jobs = new Map();
    this.points = new Set();
    return taken;
  }
}
