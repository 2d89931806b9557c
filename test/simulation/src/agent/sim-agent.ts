import type { ComputerName, MachineId, RestorePointId, SessionId } from '@lifeboat/model';
import { changeVolume, type SimVolume } from '../model/sim-volume.js';
import type { AgentWorld } from './agent-world.js';
import { BackupRun } from './backup-run.js';

/** A machine as a run sees it: `base` is the last point whose commit was answered, with its content. */
export type AgentMachine = Readonly<{
  machineId: MachineId; name: string; computerName: ComputerName; volumes: readonly SimVolume[];
  base: Readonly<{ pointId: RestorePointId; volumes: readonly SimVolume[] }> | null;
}>;

/** A computer that is backed up again and again: it goes on where it was, is rebooted, stays away, changes its disks. */
export class SimAgent {
  private resumeSessionId: SessionId | null = null;

  constructor(private readonly world: AgentWorld, private machine: AgentMachine) {}

  get machineId(): MachineId {
    return this.machine.machineId;
  }

  /** Works until the world ends; then once more to a point. */
  async live(): Promise<void> {
    for (;;) {
      const isLast = this.world.isEnding;
      const committed = await this.backUp();
      if (isLast && committed) return;
      await this.world.scheduler.pauses(null, this.world.chance.between(1, 30));
      this.machine = { ...this.machine, volumes: this.machine.volumes.map((volume) => changeVolume(volume, this.world.chance)) };
    }
  }

  private async backUp(): Promise<boolean> {
    const { chance } = this.world;
    // A full backup now and then: the agent has lost its state, or was told to.
    if (chance.oneIn(8)) this.machine = { ...this.machine, base: null };
    const { machine } = this;
    const run = new BackupRun(this.world, machine, this.resumeSessionId);
    const outcome = await run.run();
    this.world.trace.add(`${machine.name} ${outcome.kind}`);
    this.resumeSessionId = outcome.kind === 'rebooted' ? (run.sessionId ?? this.resumeSessionId) : null;
    if (outcome.kind === 'committed') this.machine = { ...machine, base: { pointId: outcome.pointId, volumes: machine.volumes } };
    return outcome.kind === 'committed';
  }
}
